// The op whose kernel a thread is running, for the errors and the profiles of devices.
#pragma once

#include <string>

#include "runtime/device/device.h"

namespace keen::device {

struct RunningOp {
  const char* name = "";
  Device device;
  // Appends the specs of the inputs; `call` is what it was made with.
  void (*describe)(std::string& out, const void* call) = nullptr;
  const void* call = nullptr;
  // "fashion_mnist/conv2d/", or empty.
  const std::string* scope = nullptr;
};

namespace detail {
inline constinit thread_local const RunningOp* running_op = nullptr;
}

// Null outside of kernels.
[[nodiscard]] inline const RunningOp* running_op() { return detail::running_op; }

// "MatMul (float32(2, 3), float32(3, 4)) on gpu:0 in scope 'model/dense/'", or "" outside of
// kernels.
[[nodiscard]] std::string describe_running_op();

// Makes `op` the thread's for a block.
class [[nodiscard]] RunningOpScope {
 public:
  explicit RunningOpScope(const RunningOp& op) : outer_(detail::running_op) {
    detail::running_op = &op;
  }
  RunningOpScope(const RunningOpScope&) = delete;
  RunningOpScope& operator=(const RunningOpScope&) = delete;
  ~RunningOpScope() { detail::running_op = outer_; }

 private:
  const RunningOp* outer_;
};

}  // namespace keen::device
