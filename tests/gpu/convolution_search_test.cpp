// The timed search for convolution algorithms, and the file that keeps what it has found.
#include "runtime/device/cuda/convolution_search.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "kernels/conv2d.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/sim/sim_control.h"
#include "tests/support/data_files.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using device::cuda::cache_algorithms;
using device::cuda::cached_algorithms;
using device::cuda::ConvolutionAlgorithm;
using device::cuda::ConvolutionSearch;
using device::cuda::set_convolution_search;

class gpu_convolution_search : public testing::Test {  // NOLINT(readability-identifier-naming)
 protected:
  void SetUp() override {
    set_convolution_search(ConvolutionSearch::kTimed);
    setenv("KEEN_CONV_CACHE", file_.c_str(), 1);
  }
  void TearDown() override {
    set_convolution_search(ConvolutionSearch::kHeuristics);
    unsetenv("KEEN_CONV_CACHE");
  }
  static Tensor some(const Shape& shape, std::uint64_t seed) {
    const DeviceScope scope(cpu());
    return arbitrary({float32, shape}, seed);
  }
  // A convolution of `channels`, which no other test has asked for, beside the CPU's.
  static void convolve(std::int64_t channels) {
    const Tensor x = some({2, 6, 5, channels}, 1);
    const Tensor w = some({3, 3, channels, 4}, 2);
    expect_as_cpu(
        "timed",
        [](const std::vector<Tensor>& in) {
          const Conv2DArgs same{.padding = Padding::kSame};
          const Tensor y = nn::conv2d(in[0], in[1], same);
          return std::vector<Tensor>{y, nn::conv2d_backprop_input(in[0].shape(), in[1], y, same),
                                     nn::conv2d_backprop_filter(in[0], in[1].shape(), y, same)};
        },
        {x, w}, kContraction);
  }
  // How often cuDNN was asked to search.
  static long long searches() {
    const sim::Counts counts = sim::counts();
    return counts.called("cudnnFindConvolutionForwardAlgorithm") +
           counts.called("cudnnFindConvolutionBackwardDataAlgorithm") +
           counts.called("cudnnFindConvolutionBackwardFilterAlgorithm");
  }

  const TemporaryFolder folder_;
  const std::string file_ = folder_ / "algorithms";
};

TEST_F(gpu_convolution_search, searches_once_for_all_threads_and_processes) {
  KEEN_NEEDS_SIMULATOR();
  const long long before = searches();
  convolve(7);
  EXPECT_EQ(searches() - before, 3);
  convolve(7);
  EXPECT_EQ(searches() - before, 3);
  // Another thread has handles of its own, and finds the file as another process would.
  std::thread([] { convolve(7); }).join();
  EXPECT_EQ(searches() - before, 3);
  std::filesystem::remove(file_);
  std::thread([] { convolve(9); }).join();
  EXPECT_EQ(searches() - before, 6);
  EXPECT_TRUE(std::filesystem::exists(file_));
}

TEST_F(gpu_convolution_search, does_without_a_file) {
  unsetenv("KEEN_CONV_CACHE");
  convolve(11);
}

TEST_F(gpu_convolution_search, goes_on_where_the_file_cannot_be_written) {
  setenv("KEEN_CONV_CACHE", (folder_ / "none/algorithms").c_str(), 1);
  convolve(13);
}

TEST_F(gpu_convolution_search, determinism_asks_the_heuristics) {
  config::experimental::enable_op_determinism();
  convolve(15);
  config::experimental::disable_op_determinism();
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(gpu_convolution_search, the_file_keeps_what_it_is_given) {
  const std::vector<ConvolutionAlgorithm> two{{1, 4096}, {0, 0}};
  EXPECT_EQ(cached_algorithms("a"), std::nullopt);
  cache_algorithms("a", two);
  cache_algorithms("b", {});
  EXPECT_EQ(cached_algorithms("a"), two);
  EXPECT_EQ(cached_algorithms("b"), std::vector<ConvolutionAlgorithm>());
  EXPECT_EQ(cached_algorithms("c"), std::nullopt);
}

TEST_F(gpu_convolution_search, another_file_is_an_error) {
  for (const char* contents : {"something else\n", "keen convolution algorithms 1\na line\n",
                               "keen convolution algorithms 1\nkey\t1:2 x\n"}) {
    write_bytes(file_, contents);
    EXPECT_THROW(static_cast<void>(cached_algorithms("key")), DataLossError) << contents;
    EXPECT_THROW(cache_algorithms("key", {}), DataLossError) << contents;
  }
}

}  // namespace
}  // namespace keen::test
