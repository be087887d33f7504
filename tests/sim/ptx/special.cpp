#include "tests/sim/ptx/special.h"

#include <iterator>
#include <string>

#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {
namespace {

constexpr std::string_view kNames[] = {"%tid.x",
                                       "%tid.y",
                                       "%tid.z",
                                       "%ntid.x",
                                       "%ntid.y",
                                       "%ntid.z",
                                       "%ctaid.x",
                                       "%ctaid.y",
                                       "%ctaid.z",
                                       "%nctaid.x",
                                       "%nctaid.y",
                                       "%nctaid.z",
                                       "%laneid",
                                       "%warpid",
                                       "%nwarpid",
                                       "%lanemask_eq",
                                       "%lanemask_le",
                                       "%lanemask_lt",
                                       "%lanemask_ge",
                                       "%lanemask_gt",
                                       "%smid",
                                       "%nsmid",
                                       "%dynamic_smem_size",
                                       "%total_smem_size",
                                       "%gridid"};
static_assert(std::size(kNames) == static_cast<std::size_t>(Special::kCount));

}  // namespace

int special_index(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<int>(i);
  }
  throw Unsupported("special register " + std::string(name));
}

}  // namespace keen::sim::ptx
