#include "benchmarks/train/batches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace keen::test {
namespace {

using trainer::Remainder;

// Image i is one pixel of value i, with label i.
data::LabelledImages numbered(int count) {
  data::LabelledImages set{.count = count, .height = 1, .width = 1, .images = {}, .labels = {}};
  for (int i = 0; i < count; ++i) {
    set.images.push_back(static_cast<std::uint8_t>(i));
    set.labels.push_back(static_cast<std::uint8_t>(i));
  }
  return set;
}

std::vector<std::int32_t> labels_of_pass(trainer::Batches& batches) {
  std::vector<std::int32_t> labels;
  batches.rewind();
  for (auto batch = batches.next(); batch.size > 0; batch = batches.next()) {
    labels.insert(labels.end(), batch.labels.begin(), batch.labels.end());
  }
  return labels;
}

TEST(train_batches, last_one_is_smaller) {
  const data::LabelledImages set = numbered(5);
  trainer::Batches batches(set, 2, Remainder::kSmaller);
  EXPECT_EQ(batches.count(), 3);
  EXPECT_EQ(batches.next().size, 2);
  EXPECT_EQ(batches.next().size, 2);
  const trainer::Batch last = batches.next();
  EXPECT_EQ(last.size, 1);
  EXPECT_EQ(last.images.size(), 1U);
  EXPECT_EQ(last.labels.size(), 1U);
  EXPECT_EQ(batches.next().size, 0);
}

TEST(train_batches, last_one_is_filled_up_with_the_first_images) {
  const data::LabelledImages set = numbered(5);
  trainer::Batches batches(set, 2, Remainder::kFillUp);
  EXPECT_EQ(batches.count(), 3);
  EXPECT_EQ(labels_of_pass(batches), (std::vector<std::int32_t>{0, 1, 2, 3, 4, 0}));
  EXPECT_EQ(batches.next().size, 0);
}

TEST(train_batches, batch_may_be_larger_than_the_set) {
  const data::LabelledImages set = numbered(3);
  trainer::Batches batches(set, std::int64_t{1} << 40, Remainder::kFillUp);
  EXPECT_EQ(batches.count(), 1);
  EXPECT_EQ(batches.next().size, 3);
}

TEST(train_batches, pixels_become_0_to_1) {
  const data::LabelledImages set = numbered(256);
  trainer::Batches batches(set, 256, Remainder::kSmaller);
  const trainer::Batch batch = batches.next();
  EXPECT_EQ(batch.images[0], 0.0F);
  EXPECT_EQ(batch.images[51], 51.0F / 255.0F);
  EXPECT_EQ(batch.images[255], 1.0F);
}

TEST(train_batches, shuffle_keeps_every_image_with_its_label) {
  const data::LabelledImages set = numbered(200);
  trainer::Batches batches(set, 7, Remainder::kSmaller);
  std::mt19937_64 random(1);
  batches.shuffle(random);
  for (auto batch = batches.next(); batch.size > 0; batch = batches.next()) {
    for (std::size_t i = 0; i < batch.labels.size(); ++i) {
      EXPECT_EQ(batch.images[i], static_cast<float>(batch.labels[i]) / 255.0F);
    }
  }
  auto labels = labels_of_pass(batches);
  EXPECT_FALSE(std::ranges::is_sorted(labels));
  std::ranges::sort(labels);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(labels[static_cast<std::size_t>(i)], i);
}

TEST(train_batches, order_depends_on_the_seed_alone) {
  const data::LabelledImages set = numbered(100);
  const auto order = [&set](unsigned seed, int shuffles) {
    trainer::Batches batches(set, 10, Remainder::kSmaller);
    std::mt19937_64 random(seed);
    for (int i = 0; i < shuffles; ++i) batches.shuffle(random);
    return labels_of_pass(batches);
  };
  EXPECT_EQ(order(1, 1), order(1, 1));
  EXPECT_NE(order(1, 1), order(2, 1));
  EXPECT_NE(order(1, 1), order(1, 2));
}

}  // namespace
}  // namespace keen::test
