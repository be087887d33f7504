// Includes go one way: base → device → tensor → op → {autodiff, trace, io} → distribute within
// runtime, and runtime → kernels → shim → {tests, benchmarks}.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/source_tree.h"

namespace keen::test {
namespace {

struct Layer {
  std::string_view folder;
  int rank;  // a file may include its own folder and what has a lower rank
};

constexpr Layer kLayers[] = {
    {"runtime/base", 0}, {"runtime/device", 1},     {"runtime/tensor", 2},
    {"runtime/op", 3},   {"runtime/autodiff", 4},   {"runtime/trace", 4},
    {"runtime/io", 4},   {"runtime/distribute", 5}, {"kernels", 6},
    {"shim", 7},         {"benchmarks", 8},         {"tests", 9},
};

const Layer* layer_of(const std::string& path) {
  for (const auto& layer : kLayers) {
    if (path.starts_with(std::string(layer.folder) + "/")) return &layer;
  }
  return nullptr;
}

bool starts_with_any(const std::string& text, const std::vector<std::string_view>& beginnings) {
  return std::ranges::any_of(beginnings,
                             [&](auto beginning) { return text.starts_with(beginning); });
}

TEST(structure, every_source_lies_in_a_layer) {
  for (const auto& file : source_files()) EXPECT_NE(layer_of(file.path), nullptr) << file.path;
}

TEST(structure, includes_are_named_from_the_root) {
  for (const auto& file : source_files()) {
    for (const auto& include : file.quoted_includes()) {
      EXPECT_TRUE(std::filesystem::is_regular_file(source_root() + "/" + include))
          << file.path << " includes \"" << include << "\"";
    }
  }
}

TEST(structure, includes_go_one_way) {
  for (const auto& file : source_files()) {
    const Layer* own = layer_of(file.path);
    for (const auto& include : file.quoted_includes()) {
      const Layer* other = layer_of(include);
      if (own == nullptr || other == nullptr) continue;
      EXPECT_TRUE(own == other || other->rank < own->rank)
          << file.path << " (" << own->folder << ") includes " << include;
    }
  }
}

TEST(structure, cuda_is_seen_only_below_device_cuda_and_in_cu_files) {
  const std::vector<std::string_view> cuda = {"cuda", "cublas", "cudnn",   "curand",
                                              "nccl", "cub/",   "thrust/", "driver_types.h"};
  for (const auto& file : source_files()) {
    if (file.path.ends_with(".cu") || file.path.ends_with(".cuh")) continue;
    if (file.is_below("runtime/device/cuda") || file.is_below("tests/sim")) continue;
    for (const auto& include : file.bracketed_includes()) {
      EXPECT_FALSE(starts_with_any(include, cuda)) << file.path << " includes <" << include << ">";
    }
  }
}

// A header that users read stays light; what stands in a detail folder is for the library's
// sources.
TEST(structure, public_headers_include_nothing_heavy) {
  const std::vector<std::string_view> heavy = {"spdlog/",  "fmt/",  "nlohmann/", "dnnl",
                                               "iostream", "regex", "CLI/"};
  for (const auto& file : source_files()) {
    const bool is_public =
        (file.is_below("runtime") || file.is_below("kernels") || file.is_below("shim")) &&
        file.path.find("/detail/") == std::string::npos;
    if (!file.is_header() || !is_public) continue;
    for (const auto& include : file.bracketed_includes()) {
      EXPECT_FALSE(starts_with_any(include, heavy)) << file.path << " includes <" << include << ">";
    }
  }
}

}  // namespace
}  // namespace keen::test
