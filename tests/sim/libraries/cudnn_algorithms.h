#pragma once
#include <algorithm>
#include <utility>
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

// All algorithms of the direction, the supported ones first; where the library support table tells
// their places, in the order of these.
template <class Result>
std::vector<Result> list_algorithms(const Convolution& conv) {
  std::vector<std::pair<AlgorithmFacts, int>> known;
  for (const int algorithm : Heuristics<Result>::kOrder) {
    const auto facts = algorithm_facts(Heuristics<Result>::kDirection, algorithm, conv);
    if (facts.listed) known.emplace_back(facts, algorithm);
  }
  std::ranges::stable_sort(known, [](const auto& a, const auto& b) {
    const bool works = a.first.status() == CUDNN_STATUS_SUCCESS;
    if (works != (b.first.status() == CUDNN_STATUS_SUCCESS)) return works;
    return a.first.place < b.first.place;
  });
  std::vector<Result> listed;
  for (const auto& [facts, algorithm] : known) {
    Result result{};
    result.algo = static_cast<decltype(result.algo)>(algorithm);
    result.status = facts.status();
    const bool works = result.status == CUDNN_STATUS_SUCCESS;
    result.time = works ? static_cast<float>(listed.size() + 1) : -1.0F;
    result.memory = facts.listed_bytes;
    result.determinism = facts.deterministic ? CUDNN_DETERMINISTIC : CUDNN_NON_DETERMINISTIC;
    result.mathType = facts.listed_math;
    listed.push_back(result);
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
