// Images with a class each, and Fashion-MNIST (tf.keras.datasets.fashion_mnist).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace keen::data {

struct LabelledImages {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> images;  // [count, height, width], 0 black to 255 white
  std::vector<std::uint8_t> labels;  // [count]

  // Keeps the first `limit` images, all if there are no more. ValueError unless limit is positive.
  void keep_first(std::int64_t limit);
};

// Reads one set from two gzip-compressed IDX files. Errors of read_idx; DataLossError where the
// files hold no images, differ in their counts, have the wrong rank, or a label is not below
// `classes`.
[[nodiscard]] LabelledImages read_labelled_images(const std::string& images_path,
                                                  const std::string& labels_path, int classes);

struct FashionMnist {
  static constexpr int kClasses = 10;
  static constexpr std::int64_t kSide = 28;

  LabelledImages train;  // 60,000 in the original files
  LabelledImages test;   // 10,000
};

// Where Debian's package dataset-fashion-mnist puts the files.
inline constexpr char kFashionMnistDirectory[] = "/usr/share/datasets/fashion-mnist";

// Reads train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and their t10k-… counterparts in
// `directory`. Errors of read_labelled_images; DataLossError for images that are not 28×28.
[[nodiscard]] FashionMnist load_fashion_mnist(
    const std::string& directory = kFashionMnistDirectory);

}  // namespace keen::data
