#include "benchmarks/train/options.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace keen::test {
namespace {

using trainer::Mode;
using trainer::OptimizerKind;

struct Parsed {
  std::optional<trainer::Options> options;
  int exit_code = 0;
  std::string errors;
};

Parsed parse(std::vector<const char*> args) {
  args.insert(args.begin(), "train_fashion_mnist");
  Parsed parsed;
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  parsed.options =
      trainer::parse_options(static_cast<int>(args.size()), args.data(), &parsed.exit_code);
  (void)::testing::internal::GetCapturedStdout();
  parsed.errors = ::testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(train_options, defaults) {
  const auto options = parse({}).options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mode, Mode::kEager);
  EXPECT_EQ(options->epochs, 5);
  EXPECT_EQ(options->batch_size, 128);
  EXPECT_EQ(options->optimizer, OptimizerKind::kAdam);
  EXPECT_EQ(options->learning_rate, 1e-3);
  EXPECT_EQ(options->seed, 1);
  EXPECT_EQ(options->threads, 0);
  EXPECT_EQ(options->data_dir, "/usr/share/datasets/fashion-mnist");
  EXPECT_GT(options->limit_images, 60'000);
}

TEST(train_options, all_given) {
  const auto options = parse({"--mode",
                              "traced",
                              "--epochs",
                              "2",
                              "--batch-size",
                              "64",
                              "--optimizer=nesterov",
                              "--learning-rate",
                              "0.05",
                              "--seed",
                              "7",
                              "--device",
                              "cpu:1",
                              "--threads",
                              "2",
                              "--data-dir",
                              "data",
                              "--limit-images",
                              "100",
                              "--log-level",
                              "debug",
                              "--csv",
                              "a.csv",
                              "--plot",
                              "a.svg"})
                           .options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mode, Mode::kTraced);
  EXPECT_EQ(options->epochs, 2);
  EXPECT_EQ(options->batch_size, 64);
  EXPECT_EQ(options->optimizer, OptimizerKind::kNesterov);
  EXPECT_EQ(options->learning_rate, 0.05);
  EXPECT_EQ(options->seed, 7);
  EXPECT_EQ(options->device, "cpu:1");
  EXPECT_EQ(options->threads, 2);
  EXPECT_EQ(options->data_dir, "data");
  EXPECT_EQ(options->limit_images, 100);
  EXPECT_EQ(options->log_level, "debug");
  EXPECT_EQ(options->csv_path, "a.csv");
  EXPECT_EQ(options->plot_path, "a.svg");
}

TEST(train_options, optimizers) {
  const auto kind = [](const char* name) {
    return parse({"--optimizer", name}).options->optimizer;
  };
  EXPECT_EQ(kind("adam"), OptimizerKind::kAdam);
  EXPECT_EQ(kind("momentum"), OptimizerKind::kMomentum);
  EXPECT_EQ(kind("nesterov"), OptimizerKind::kNesterov);
  EXPECT_EQ(kind("gradient_descent"), OptimizerKind::kGradientDescent);
  EXPECT_EQ(kind("sgd"), OptimizerKind::kGradientDescent);
}

TEST(train_options, wrong_ones_are_named) {
  const std::vector<std::vector<const char*>> wrong = {{"--epochs", "0"},
                                                       {"--epochs", "x"},
                                                       {"--batch-size", "0"},
                                                       {"--learning-rate", "0"},
                                                       {"--learning-rate", "nan"},
                                                       {"--learning-rate", "inf"},
                                                       {"--learning-rate", "-1"},
                                                       {"--threads", "0"},
                                                       {"--limit-images", "0"},
                                                       {"--seed", "-1"},
                                                       {"--seed", "4294967296"},
                                                       {"--mode", "lazy"},
                                                       {"--optimizer", "best"},
                                                       {"--log-level", "shout"},
                                                       {"--epochs"},
                                                       {"--unknown"},
                                                       {"--epochs", "99999999999"}};
  for (const auto& args : wrong) {
    SCOPED_TRACE(std::string(args[0]) + " " + (args.size() > 1 ? args[1] : ""));
    const Parsed parsed = parse(args);
    EXPECT_FALSE(parsed.options);
    EXPECT_GT(parsed.exit_code, 100);
    EXPECT_NE(parsed.errors.find(args[0]), std::string::npos) << parsed.errors;
  }
}

TEST(train_options, help_ends_the_program_well) {
  const Parsed parsed = parse({"--help"});
  EXPECT_FALSE(parsed.options);
  EXPECT_EQ(parsed.exit_code, 0);
}

}  // namespace
}  // namespace keen::test
