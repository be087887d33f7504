#include "shim/data/fashion_mnist.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "shim/data/idx.h"

namespace keen::data {
namespace {

IdxArray read_of_rank(const std::string& path, int rank) {
  IdxArray array = read_idx(path);
  if (array.shape.rank() != rank || array.shape.num_elements() == 0) {
    throw DataLossError(text("read_labelled_images: '", path, "' holds an array of shape ",
                             array.shape, "; expected rank ", rank, " and at least one element"));
  }
  return array;
}

LabelledImages read_set(const std::string& directory, const std::string& prefix) {
  const std::string images_path = text(directory, "/", prefix, "-images-idx3-ubyte.gz");
  LabelledImages set = read_labelled_images(
      images_path, text(directory, "/", prefix, "-labels-idx1-ubyte.gz"), FashionMnist::kClasses);
  if (set.height != FashionMnist::kSide || set.width != FashionMnist::kSide) {
    throw DataLossError(text("load_fashion_mnist: '", images_path, "' holds images of ", set.height,
                             "x", set.width, " pixels, not 28x28"));
  }
  return set;
}

}  // namespace

void LabelledImages::keep_first(std::int64_t limit) {
  if (limit <= 0) throw ValueError(text("keep_first: limit must be positive, is ", limit));
  count = std::min(count, limit);
  images.resize(static_cast<std::size_t>(count * height * width));
  labels.resize(static_cast<std::size_t>(count));
}

LabelledImages read_labelled_images(const std::string& images_path, const std::string& labels_path,
                                    int classes) {
  IdxArray images = read_of_rank(images_path, 3);
  IdxArray labels = read_of_rank(labels_path, 1);
  if (images.shape[0] != labels.shape[0]) {
    throw DataLossError(text("read_labelled_images: '", images_path, "' holds ", images.shape[0],
                             " images, but '", labels_path, "' ", labels.shape[0], " labels"));
  }
  const auto wrong = std::find_if(labels.values.begin(), labels.values.end(),
                                  [classes](std::uint8_t label) { return label >= classes; });
  if (wrong != labels.values.end()) {
    throw DataLossError(text("read_labelled_images: '", labels_path, "' gives image ",
                             wrong - labels.values.begin(), " the label ", int{*wrong},
                             "; expected 0 to ", classes - 1));
  }
  return {.count = images.shape[0],
          .height = images.shape[1],
          .width = images.shape[2],
          .images = std::move(images.values),
          .labels = std::move(labels.values)};
}

FashionMnist load_fashion_mnist(const std::string& directory) {
  return {.train = read_set(directory, "train"), .test = read_set(directory, "t10k")};
}

}  // namespace keen::data
