// Arrays with their channels second, for kernels that take them last.
#pragma once

#include <cstddef>

#include "kernels/padding.h"
#include "runtime/base/ref_counted.h"
#include "runtime/base/spec.h"
#include "runtime/device/buffer.h"
#include "runtime/device/device_context.h"

namespace keen::detail {

// A copy with its channels last of an array of rank 4 that has them second, for the time of a
// kernel. An array that has them last is taken as it is.
class ChannelsLast {
 public:
  // Of rank 4; `spec` is that of the array in its own format.
  ChannelsLast(device::DeviceContext& device, const TensorSpec& spec, DataFormat format);

  // What a kernel reads instead of `from`.
  [[nodiscard]] const void* read(const void* from) const;
  // What a kernel writes instead of `to`, and the copy to `to` behind it.
  [[nodiscard]] void* place(void* to) const;
  void write(void* to) const;

 private:
  device::DeviceContext& device_;
  const std::size_t element_bytes_;
  std::int64_t batch_ = 0;
  std::int64_t channels_ = 0;
  std::int64_t pixels_ = 0;
  RefPtr<Buffer> copy_;  // null: taken as it is
};

}  // namespace keen::detail
