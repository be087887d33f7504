// Feeds images to training in batches.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "shim/data/fashion_mnist.h"

namespace keen::trainer {

// Valid until the next batch is taken from the same Batches.
struct Batch {
  std::int64_t size = 0;
  std::span<const float> images;         // [size, height, width, 1], 0 to 1
  std::span<const std::int32_t> labels;  // [size]
};

// What becomes of the images at the end of a pass that don't make a whole batch.
enum class Remainder {
  kSmaller,  // a smaller batch
  kFillUp    // they are filled up with the first images of the pass
};

// Goes through a set of images, which it refers to, in batches of `batch_size`, or of the whole set
// if it is smaller; they are gathered in one buffer, used again for every batch.
class Batches {
 public:
  Batches(const data::LabelledImages& set, std::int64_t batch_size, Remainder remainder);

  // Puts the images into a random order, which depends on the seed and the shuffles before alone.
  void shuffle(std::mt19937_64& random);
  // Starts a pass.
  void rewind() { next_ = 0; }
  // The next batch of the pass; one of size 0 at its end.
  Batch next();
  // Batches in one pass.
  [[nodiscard]] std::int64_t count() const { return (set_.count + batch_size_ - 1) / batch_size_; }

 private:
  const data::LabelledImages& set_;
  std::int64_t batch_size_;
  Remainder remainder_;
  std::int64_t next_ = 0;
  std::vector<std::int64_t> order_;
  std::vector<float> images_;
  std::vector<std::int32_t> labels_;
};

}  // namespace keen::trainer
