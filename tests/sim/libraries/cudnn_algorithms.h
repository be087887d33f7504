#pragma once
#include <algorithm>
#include <vector>

#include "tests/sim/libraries/convolution.h"

namespace keen::sim {

// The order in which the heuristics name algorithms. Those that are not deterministic come first
// in the backward directions, so that a caller who takes the first one is found out.
template <class Result>
struct Heuristics;
template <>
struct Heuristics<cudnnConvolutionFwdAlgoPerf_t> {
  static constexpr Direction kDirection = Direction::kForward;
  static constexpr int kOrder[] = {1, 6, 0, 7, 2, 5, 4, 3};
};
template <>
struct Heuristics<cudnnConvolutionBwdDataAlgoPerf_t> {
  static constexpr Direction kDirection = Direction::kBackwardData;
  static constexpr int kOrder[] = {0, 1, 4, 5, 3, 2};
};
template <>
struct Heuristics<cudnnConvolutionBwdFilterAlgoPerf_t> {
  static constexpr Direction kDirection = Direction::kBackwardFilter;
  static constexpr int kOrder[] = {0, 1, 3, 5, 6, 2, 4};
};

// All algorithms of the direction, the supported ones first.
template <class Result>
std::vector<Result> list_algorithms(const Convolution& conv) {
  std::vector<Result> listed;
  for (const bool supported : {true, false}) {
    for (const int algorithm : Heuristics<Result>::kOrder) {
      const auto facts = algorithm_facts(Heuristics<Result>::kDirection, algorithm, conv);
      if (facts.supported != supported) continue;
      Result result{};
      result.algo = static_cast<decltype(result.algo)>(algorithm);
      result.status = supported ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_NOT_SUPPORTED;
      result.time = supported ? static_cast<float>(listed.size() + 1) : -1.0F;
      result.memory = facts.workspace_bytes;
      result.determinism = facts.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
      result.mathType = conv.settings.math;
      listed.push_back(result);
    }
  }
  return listed;
}

template <class Result>
void give_results(const std::vector<Result>& listed, int requested, int* returned,
                  Result* results) {
  *returned = std::min(requested, static_cast<int>(listed.size()));
  std::copy_n(listed.begin(), *returned, results);
}

}  // namespace keen::sim
