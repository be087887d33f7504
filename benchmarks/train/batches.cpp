#include "benchmarks/train/batches.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace keen::trainer {
namespace {

// A number below `bound`, itself below 2^32. std::uniform_int_distribution differs between standard
// libraries.
std::size_t random_below(std::mt19937_64& random, std::size_t bound) {
  return static_cast<std::size_t>(((random() >> 32) * bound) >> 32);
}

}  // namespace

Batches::Batches(const data::LabelledImages& set, std::int64_t batch_size, Remainder remainder)
    : set_(set),
      batch_size_(std::min(batch_size, set.count)),
      remainder_(remainder),
      order_(static_cast<std::size_t>(set.count)),
      images_(static_cast<std::size_t>(batch_size_ * set.height * set.width)),
      labels_(static_cast<std::size_t>(batch_size_)) {
  std::iota(order_.begin(), order_.end(), 0);
}

void Batches::shuffle(std::mt19937_64& random) {
  for (std::size_t i = order_.size(); i > 1; --i) {
    std::swap(order_[i - 1], order_[random_below(random, i)]);
  }
}

Batch Batches::next() {
  const std::int64_t left = std::max<std::int64_t>(set_.count - next_, 0);
  const bool fill_up = remainder_ == Remainder::kFillUp && left > 0;
  const std::int64_t size = fill_up ? batch_size_ : std::min(batch_size_, left);
  const std::int64_t pixels = set_.height * set_.width;
  for (std::int64_t i = 0; i < size; ++i) {
    const auto at =
        static_cast<std::size_t>(order_[static_cast<std::size_t>((next_ + i) % set_.count)]);
    const std::uint8_t* from = set_.images.data() + static_cast<std::int64_t>(at) * pixels;
    std::transform(from, from + pixels, images_.data() + i * pixels,
                   [](std::uint8_t pixel) { return static_cast<float>(pixel) / 255.0F; });
    labels_[static_cast<std::size_t>(i)] = set_.labels[at];
  }
  next_ += size;
  return {.size = size,
          .images = std::span(images_).first(static_cast<std::size_t>(size * pixels)),
          .labels = std::span(labels_).first(static_cast<std::size_t>(size))};
}

}  // namespace keen::trainer
