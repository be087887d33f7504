// Shapes (tf.TensorShape): up to eight dimensions held inline, every product overflow-checked.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace keen {

// A dimension of -1 is unknown; so is a whole shape of unknown rank. A shape that is fully known
// answers the number of elements; the constructors refuse one whose element count, or whose size
// in bytes at 16 bytes an element, overflows a signed 64-bit integer.
class Shape {
 public:
  static constexpr int kMaxRank = 8;

  // The scalar's shape: rank 0, one element.
  constexpr Shape() = default;
  // InvalidArgumentError for more than eight dimensions, one below -1, or an overflow.
  Shape(std::initializer_list<std::int64_t> dims)  // NOLINT
      : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims);
  [[nodiscard]] static constexpr Shape unknown() {
    Shape shape;
    shape.rank_ = -1;
    shape.num_elements_ = -1;
    return shape;
  }

  // Number of dimensions, -1 where unknown.
  [[nodiscard]] constexpr int rank() const { return rank_; }
  [[nodiscard]] constexpr bool has_rank() const { return rank_ >= 0; }
  // Whether rank and all dimensions are known.
  [[nodiscard]] constexpr bool is_fully_defined() const { return num_elements_ >= 0; }
  // Product of the dimensions; -1 where not fully known.
  [[nodiscard]] constexpr std::int64_t num_elements() const { return num_elements_; }
  // Dimension i; negative i counts from the end as in Python. IndexError outside of the rank.
  [[nodiscard]] std::int64_t operator[](int i) const {
    const int at = i < 0 ? i + rank_ : i;
    if (at < 0 || at >= rank_) [[unlikely]] {
      throw_index(i);
    }
    return dims_[at];
  }
  // Unchecked: 0 <= i < rank().
  [[nodiscard]] constexpr std::int64_t dim(int i) const { return dims_[i]; }
  [[nodiscard]] constexpr std::span<const std::int64_t> dims() const {
    return {dims_, static_cast<std::size_t>(rank_ < 0 ? 0 : rank_)};
  }

  void push_back(std::int64_t dim);
  void set_dim(int i, std::int64_t dim);

  // Whether the two could be the same shape (unknown matches anything).
  [[nodiscard]] bool is_compatible_with(const Shape& other) const;
  [[nodiscard]] std::size_t hash() const;
  friend bool operator==(const Shape& a, const Shape& b) {
    if (a.rank_ != b.rank_) return false;
    for (int i = 0; i < a.rank_; ++i) {
      if (a.dims_[i] != b.dims_[i]) return false;
    }
    return true;
  }

 private:
  [[noreturn]] void throw_index(int i) const;
  void recount();

  std::int64_t dims_[kMaxRank] = {};
  std::int64_t num_elements_ = 1;
  int rank_ = 0;
};

// Python's form of a tuple: "(2, 3)", "(4,)", "()", "(None, 3)", "<unknown>".
void append_text(std::string& out, const Shape& shape);
// The form of TensorFlow's kernels: "[2,3]", "[]", "[?,3]".
[[nodiscard]] std::string brackets(const Shape& shape);

// Shape of a broadcast of the two under NumPy's rules; false where they don't fit.
[[nodiscard]] bool broadcast_shapes(const Shape& a, const Shape& b, Shape* result);

// `a * b` if it fits a signed 64-bit integer and neither is negative, else -1.
[[nodiscard]] constexpr std::int64_t checked_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product)) return -1;
  return product;
}

}  // namespace keen
