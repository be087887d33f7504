// How an algorithm for a convolution is chosen, and what is kept of that between processes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keen::device::cuda {

// By cuDNN's heuristics, or by running every algorithm on scratch memory and taking the fastest
// first: slow at the first call of a shape, and it waits for the device.
enum class ConvolutionSearch : std::uint8_t { kHeuristics, kTimed };

// KEEN_CONV_SEARCH, "heuristics" (default) or "timed". InvalidArgumentError for another value.
[[nodiscard]] ConvolutionSearch convolution_search();
// For tests.
void set_convolution_search(ConvolutionSearch search);

struct ConvolutionAlgorithm {
  int number = 0;  // as cuDNN counts them in its direction
  std::size_t workspace_bytes = 0;

  friend bool operator==(const ConvolutionAlgorithm&, const ConvolutionAlgorithm&) = default;
};

// What timed searches have found, the best first, in the file that KEEN_CONV_CACHE names; without
// it, nothing is kept. `key` is one line that says all that a choice depends on. A file that is
// none of these is a DataLossError that names it.
[[nodiscard]] std::optional<std::vector<ConvolutionAlgorithm>> cached_algorithms(
    const std::string& key);
// Adds to the file, which is replaced as a whole. Of several processes that do so at once one may
// undo what another has added. Where the file cannot be written, a warning says so.
void cache_algorithms(const std::string& key, const std::vector<ConvolutionAlgorithm>& algorithms);

}  // namespace keen::device::cuda
