#include "benchmarks/train/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>

namespace keen::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using trainer::Batch;

// Loss: 10 minus the number of steps before; the first image of each training batch is classified
// right, and all test images with label 0.
class FakeModel final : public trainer::Model {
 public:
  trainer::StepResult train_step(const Batch& batch, double progress) override {
    EXPECT_GT(batch.size, 0);
    last_progress = progress;
    return {.loss = 10.0 - steps++, .correct = 1};
  }
  std::int64_t count_correct(const Batch& batch) override {
    ++tests;
    return std::count(batch.labels.begin(), batch.labels.end(), 0);
  }
  int steps = 0;
  int tests = 0;
  double last_progress = 0;
};

data::LabelledImages zeros(int count) {
  const auto n = static_cast<std::size_t>(count);
  return {.count = count,
          .height = 1,
          .width = 1,
          .images = std::vector<std::uint8_t>(n),
          .labels = std::vector<std::uint8_t>(n)};
}

class TrainLoop : public ::testing::Test {
 protected:
  TrainLoop() {
    images_.test.labels[2] = 1;
    options_.epochs = 2;
    options_.batch_size = 4;
  }
  trainer::History train(const std::function<bool()>& stop) {
    std::FILE* out = std::tmpfile();
    trainer::Progress progress(out);
    trainer::History history = trainer::train(model_, images_, options_, progress, stop);
    std::rewind(out);
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) printed_ += static_cast<char>(c);
    std::fclose(out);
    return history;
  }

  data::FashionMnist images_{.train = zeros(10), .test = zeros(5)};
  trainer::Options options_;
  FakeModel model_;
  std::string printed_;
};

TEST_F(TrainLoop, records_steps_and_epochs) {
  const trainer::History history = train([] { return false; });
  EXPECT_EQ(history.steps_per_epoch, 3);
  EXPECT_DOUBLE_EQ(model_.last_progress, 5 / 6.0);
  ASSERT_EQ(history.steps.size(), 6U);
  EXPECT_EQ(history.steps[3].epoch, 2);
  EXPECT_EQ(history.steps[3].step, 4);
  EXPECT_EQ(history.steps[3].loss, 7);
  EXPECT_EQ(history.steps[3].accuracy, 0.25);
  ASSERT_EQ(history.epochs.size(), 2U);
  EXPECT_EQ(history.epochs[0].last_step, 3);
  EXPECT_DOUBLE_EQ(history.epochs[0].loss, 9);
  EXPECT_DOUBLE_EQ(history.epochs[0].accuracy, 0.25);
  EXPECT_DOUBLE_EQ(history.epochs[1].test_accuracy.value(), 0.8);
  EXPECT_THAT(printed_, HasSubstr("epoch 2/2: loss 6.0000, accuracy 0.2500, test accuracy 0.8000"));
  EXPECT_THAT(printed_, Not(HasSubstr("interrupted")));
}

TEST_F(TrainLoop, stops_after_the_step) {
  const trainer::History history = train([this] { return model_.steps == 4; });
  EXPECT_EQ(model_.steps, 4);
  EXPECT_EQ(history.steps.size(), 4U);
  ASSERT_EQ(history.epochs.size(), 2U);
  EXPECT_TRUE(history.epochs[0].test_accuracy);
  EXPECT_FALSE(history.epochs[1].test_accuracy);
  EXPECT_EQ(history.epochs[1].last_step, 4);
  EXPECT_THAT(printed_, HasSubstr("interrupted after step 4\n"));
}

TEST_F(TrainLoop, stops_within_the_test) {
  const trainer::History history = train([this] { return model_.tests == 1; });
  EXPECT_EQ(model_.tests, 1);
  ASSERT_EQ(history.epochs.size(), 1U);
  EXPECT_FALSE(history.epochs[0].test_accuracy);
}

TEST_F(TrainLoop, may_be_stopped_before_the_first_step) {
  const trainer::History history = train([] { return true; });
  EXPECT_EQ(model_.steps, 0);
  EXPECT_TRUE(history.epochs.empty());
}

}  // namespace
}  // namespace keen::test
