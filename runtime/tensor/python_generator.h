#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace keen::random {

// Python's random.Random for whole numbers: the Mersenne twister MT19937 (Matsumoto, Nishimura
// 1998) with Python's way of seeding it and of drawing from a range. TensorFlow takes the seeds of
// eager ops from one of these, and Keras the seeds of its initializers from another. Not
// thread-safe: RandomState locks the two that it holds.
class PythonGenerator {
 public:
  // random.Random(seed); as in Python only the absolute value of the seed counts.
  explicit PythonGenerator(std::int64_t seed);

  // The same for seeds of any size: the absolute value in 32-bit words, the least significant one
  // first and no zero words at the end. An empty span is zero.
  explicit PythonGenerator(std::span<const std::uint32_t> magnitude);

  // getrandbits(bits): a whole number of `bits` random bits.
  // Throws ValueError unless 1 <= bits <= 64.
  std::uint64_t getrandbits(int bits);

  // randint(low, high): a whole number of [low, high], both ends included.
  // Throws ValueError if low > high.
  std::int64_t randint(std::int64_t low, std::int64_t high);

 private:
  static constexpr std::size_t kSize = 624;

  void initialize(std::span<const std::uint32_t> key);
  std::uint32_t word();
  void regenerate();

  std::array<std::uint32_t, kSize> state_{};
  std::size_t next_ = kSize;
};

}  // namespace keen::random
