// Shows profilers what belongs to an op. They need no setting, for NVTX knows whether one listens;
// else a range is a test of a pointer.
#pragma once

#include <nvtx3/nvToolsExt.h>

namespace keen::device::cuda {

// Keen's domain, by which tools tell its ranges and memory from those of others. Null where no tool
// listens, which is settled at the first call.
[[nodiscard]] nvtxDomainHandle_t nvtx_domain();

// A range for a block, on the calling thread.
class [[nodiscard]] NvtxRange {
 public:
  explicit NvtxRange(const char* name) : domain_(nvtx_domain()) {
    if (domain_ != nullptr) [[unlikely]] {
      begin(name);
    }
  }
  NvtxRange(const NvtxRange&) = delete;
  NvtxRange& operator=(const NvtxRange&) = delete;
  ~NvtxRange() {
    if (domain_ != nullptr) [[unlikely]] {
      nvtxDomainRangePop(domain_);
    }
  }

 private:
  void begin(const char* name);

  nvtxDomainHandle_t domain_;
};

}  // namespace keen::device::cuda
