#pragma once
#include <vector>

#include "tests/sim/core/coverage_record.h"
#include "tests/sim/ptx/module.h"

namespace keen::sim::ptx {

// Which pieces of a kernel's code have run, over all launches.
class Coverage {
 public:
  void launched(const Function& function) {
    function_ = &function;
    steps_.resize(function.code.size() + 1);
    ++launches_;
  }
  long long launches() const { return launches_; }

  // A group of lanes has run the instructions from `first` to `last`.
  void ran(int first, int last) {
    ++steps_[first];
    --steps_[last + 1];
  }

  // The basic blocks that a path leads to; none before the first launch.
  std::vector<BlockRecord> blocks() const;

 private:
  const Function* function_ = nullptr;
  std::vector<long long> steps_;  // of the number of runs, from one instruction to the next
  long long launches_ = 0;
};

// At the end of the process, before findings are counted: a finding for each kernel that never ran
// (CUDASIM_ALL_KERNELS), the table (CUDASIM_TABLE), the record (CUDASIM_COVERAGE).
void report_coverage();

}  // namespace keen::sim::ptx
