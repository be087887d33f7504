// The training program itself, on a small set of images that are easy to tell apart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "benchmarks/train/interrupt.h"
#include "tests/support/data_files.h"
#include "tests/support/subprocess.h"

namespace keen::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class TrainProgram : public ::testing::Test {
 protected:
  static constexpr int kTrainImages = 120;
  static constexpr int kTestImages = 30;

  TrainProgram() { write_image_set(folder_.path(), kTrainImages, kTestImages); }

  // One thread: the steps are small, and other tests run beside this one.
  [[nodiscard]] std::vector<std::string> with_data(const std::vector<std::string>& args,
                                                   const char* threads = "1") const {
    std::vector<std::string> all{"--data-dir", folder_.path(), "--batch-size",
                                 "16",         "--threads",    threads};
    all.insert(all.end(), args.begin(), args.end());
    return all;
  }
  ProgramResult run(const std::vector<std::string>& args, const char* threads = "1") {
    return run_program("train_fashion_mnist", with_data(args, threads));
  }
  // What the CSV file says that the same run must say again: all but the speed.
  std::vector<std::string> results_of(const std::vector<std::string>& args,
                                      const char* threads = "1") {
    std::vector<std::string> all = args;
    all.insert(all.end(), {"--csv", csv_});
    const ProgramResult result = run(all, threads);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    std::vector<std::string> lines = lines_of(read_bytes(csv_));
    for (std::string& line : lines) {
      const std::size_t speed = line.rfind(',', line.rfind(',') - 1);
      line = line.substr(0, speed) + line.substr(line.rfind(','));
    }
    return lines;
  }
  // The program ends with `exit_code`, and says why in one line.
  void expect_error(const std::vector<std::string>& args, int exit_code,
                    const std::string& reason) {
    const ProgramResult result = run(args);
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_THAT(result.err, StartsWith("train_fashion_mnist: "));
    EXPECT_THAT(result.err, HasSubstr(reason));
  }

  TemporaryFolder folder_;
  std::string csv_ = folder_ / "steps.csv";
  std::string plot_ = folder_ / "curves.svg";
};

TEST_F(TrainProgram, learns_and_writes_what_it_measured) {
  const ProgramResult result = run({"--epochs", "6", "--csv", csv_, "--plot", plot_});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "");
  const auto lines = lines_of(result.out);
  ASSERT_FALSE(lines.empty());
  EXPECT_THAT(lines.back(), MatchesRegex("test accuracy: [01]\\.[0-9]+"));
  const auto csv = lines_of(read_bytes(csv_));
  EXPECT_THAT(csv[0], StartsWith("epoch,step,loss,"));
  EXPECT_EQ(csv.size(), 1U + 6 * 8);  // 120 images make 8 batches of 16
  // Of the batch: moving averages have hardly moved after so few steps.
  EXPECT_THAT(csv.back(), MatchesRegex("6,48,0\\.[0-9]+,1,.*"));
  EXPECT_THAT(read_bytes(plot_), EndsWith("</svg>\n"));
}

TEST_F(TrainProgram, same_seed_gives_the_same_losses) {
  const auto first = results_of({"--epochs", "2", "--seed", "5"});
  EXPECT_EQ(results_of({"--epochs", "2", "--seed", "5"}), first);
  EXPECT_NE(results_of({"--epochs", "2", "--seed", "6"}), first);
}

TEST_F(TrainProgram, same_seed_gives_the_same_losses_with_two_threads) {
  const auto first = results_of({"--epochs", "1"}, "2");
  EXPECT_EQ(results_of({"--epochs", "1"}, "2"), first);
}

TEST_F(TrainProgram, traced_gives_the_losses_of_eager) {
  for (const char* optimizer : {"adam", "momentum", "nesterov", "gradient_descent"}) {
    SCOPED_TRACE(optimizer);
    const auto run = [&](const char* mode) {
      return results_of(
          {"--epochs", "2", "--optimizer", optimizer, "--learning-rate", "0.01", "--mode", mode});
    };
    EXPECT_EQ(run("traced"), run("eager"));
  }
}

TEST_F(TrainProgram, optimizers_differ) {
  const auto run = [&](const char* optimizer) {
    return results_of({"--epochs", "1", "--optimizer", optimizer, "--learning-rate", "0.01"});
  };
  const auto momentum = run("momentum");
  EXPECT_NE(run("nesterov"), momentum);
  EXPECT_NE(run("gradient_descent"), momentum);
  EXPECT_NE(run("adam"), momentum);
}

TEST_F(TrainProgram, uses_at_most_the_images_asked_for) {
  EXPECT_EQ(results_of({"--epochs", "1", "--limit-images", "20"}).size(), 1U + 2);
  EXPECT_EQ(results_of({"--epochs", "1", "--limit-images", "1000"}).size(), 1U + 8);
}

TEST_F(TrainProgram, missing_data_is_one_line_and_code_2) {
  const std::string path = folder_ / "train-images-idx3-ubyte.gz";
  std::filesystem::remove(path);
  expect_error({}, 2, "'" + path + "': No such file");
}

TEST_F(TrainProgram, damaged_data_is_one_line_and_code_2) {
  const std::string path = folder_ / "t10k-labels-idx1-ubyte.gz";
  const std::string whole = read_bytes(path);
  write_bytes(path, whole.substr(0, whole.size() - 5));
  expect_error({}, 2, "'" + path + "' is truncated");
}

TEST_F(TrainProgram, wrong_places_for_results_are_found_at_once) {
  expect_error({"--csv", folder_ / "none/steps.csv"}, 1, "none/steps.csv'");
  expect_error({"--plot", folder_.path()}, 1, "Is a directory");
}

TEST_F(TrainProgram, full_disk_is_an_error_after_all_else_is_done) {
  const ProgramResult result = run({"--epochs", "1", "--csv", "/dev/full", "--plot", plot_});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("cannot write '/dev/full': No space left on device"));
  EXPECT_THAT(read_bytes(plot_), EndsWith("</svg>\n"));
  EXPECT_THAT(lines_of(result.out).back(), StartsWith("test accuracy: "));
}

TEST_F(TrainProgram, wrong_device_is_one_line) {
  expect_error({"--device", "toaster:0"}, 1, "toaster");
}

TEST_F(TrainProgram, interrupt_ends_it_after_the_step) {
  Program program("train_fashion_mnist", with_data({"--epochs", "1000000", "--csv", csv_}));
  program.wait_for_output("epoch 2/");
  program.send_signal(SIGINT);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("interrupted after step "));
  EXPECT_THAT(lines_of(result.out).back(), MatchesRegex("test accuracy: [01]\\.[0-9]+"));
  EXPECT_GT(lines_of(read_bytes(csv_)).size(), 8U);
}

TEST(train_interrupt, second_one_ends_the_process) {
  EXPECT_EXIT(
      {
        trainer::catch_interrupt();
        std::raise(SIGINT);
        if (!trainer::interrupted()) std::exit(3);
        std::raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace keen::test
