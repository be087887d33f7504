#pragma once
#include <string_view>

namespace keen::sim::ptx {

// Special registers that are supported. Their values do not change while a thread runs.
enum class Special : int {
  kTidX,
  kTidY,
  kTidZ,
  kNtidX,
  kNtidY,
  kNtidZ,
  kCtaidX,
  kCtaidY,
  kCtaidZ,
  kNctaidX,
  kNctaidY,
  kNctaidZ,
  kLaneId,
  kWarpId,
  kNWarpId,
  kLanemaskEq,
  kLanemaskLe,
  kLanemaskLt,
  kLanemaskGe,
  kLanemaskGt,
  kSmId,
  kNSmId,
  kDynamicSmemSize,
  kTotalSmemSize,
  kGridId,
  kCount
};

// Index of a special register by its PTX name; throws Unsupported.
int special_index(std::string_view name);

}  // namespace keen::sim::ptx
