#include "shim/data/fashion_mnist.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "runtime/base/error.h"
#include "tests/support/data_files.h"

namespace keen::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LabelledImagesReader : public ::testing::Test {
 protected:
  data::LabelledImages read(const std::string& images, const std::string& labels) {
    write_bytes(folder_ / "images", gzip(images));
    write_bytes(folder_ / "labels", gzip(labels));
    return data::read_labelled_images(folder_ / "images", folder_ / "labels", 10);
  }
  void expect_data_loss(const std::string& images, const std::string& labels,
                        const std::string& reason) {
    try {
      (void)read(images, labels);
      ADD_FAILURE() << "expected: " << reason;
    } catch (const DataLossError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr(folder_.path()), HasSubstr(reason)));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(LabelledImagesReader, gives_images_and_labels) {
  const data::LabelledImages set = read(idx_bytes({2, 1, 3}, "abcdef"), idx_bytes({2}, "\x09\x03"));
  EXPECT_EQ(set.count, 2);
  EXPECT_EQ(set.height, 1);
  EXPECT_EQ(set.width, 3);
  EXPECT_THAT(set.images, ElementsAre('a', 'b', 'c', 'd', 'e', 'f'));
  EXPECT_THAT(set.labels, ElementsAre(9, 3));
}

TEST_F(LabelledImagesReader, counts_must_agree) {
  expect_data_loss(idx_bytes({2, 1, 3}, "abcdef"), idx_bytes({3}, "\x01\x02\x03"),
                   "holds 2 images");
}

TEST_F(LabelledImagesReader, labels_must_be_classes) {
  expect_data_loss(idx_bytes({2, 1, 1}, "ab"), idx_bytes({2}, "\x09\x0A"),
                   "gives image 1 the label 10");
}

TEST_F(LabelledImagesReader, ranks_must_fit) {
  expect_data_loss(idx_bytes({2}, "ab"), idx_bytes({2}, "\x01\x02"), "shape (2,)");
  expect_data_loss(idx_bytes({2, 1, 1}, "ab"), idx_bytes({1, 2}, "\x01\x02"), "shape (1, 2)");
}

TEST_F(LabelledImagesReader, images_must_be_there) {
  expect_data_loss(idx_bytes({0, 1, 1}, ""), idx_bytes({0}, ""), "at least one");
}

TEST_F(LabelledImagesReader, keep_first) {
  data::LabelledImages set = read(idx_bytes({3, 1, 2}, "abcdef"), idx_bytes({3}, "\x01\x02\x03"));
  set.keep_first(5);
  EXPECT_EQ(set.count, 3);
  set.keep_first(2);
  EXPECT_EQ(set.count, 2);
  EXPECT_THAT(set.images, ElementsAre('a', 'b', 'c', 'd'));
  EXPECT_THAT(set.labels, ElementsAre(1, 2));
  EXPECT_THROW(set.keep_first(0), ValueError);
}

TEST(fashion_mnist, reads_the_four_files) {
  const TemporaryFolder folder;
  write_image_set(folder.path(), 7, 5);
  const data::FashionMnist images = data::load_fashion_mnist(folder.path());
  EXPECT_EQ(images.train.count, 7);
  EXPECT_EQ(images.test.count, 5);
  EXPECT_THAT(images.test.labels, ElementsAre(0, 1, 2, 0, 1));
}

TEST(fashion_mnist, images_must_be28x28) {
  const TemporaryFolder folder;
  write_image_set(folder.path(), 7, 5);
  write_bytes(folder / "t10k-images-idx3-ubyte.gz", gzip(idx_bytes({5, 1, 1}, "abcde")));
  EXPECT_THROW((void)data::load_fashion_mnist(folder.path()), DataLossError);
}

// The package that docker/provision.sh installs.
TEST(fashion_mnist, debians_files) {
  const data::FashionMnist images = data::load_fashion_mnist();
  EXPECT_EQ(images.train.count, 60'000);
  EXPECT_EQ(images.test.count, 10'000);
  EXPECT_EQ(images.train.labels[0], 9);  // an ankle boot
  EXPECT_EQ(images.test.labels[9'999], 5);
  EXPECT_EQ(std::count(images.train.labels.begin(), images.train.labels.end(), 3), 6'000);
}

}  // namespace
}  // namespace keen::test
