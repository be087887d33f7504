#include "runtime/device/device_context.h"

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/cpu/cpu_context.h"
#include "runtime/device/gpu.h"

namespace keen::device {

DeviceContext& context(Device device) {
  if (device.type == DeviceType::kCpu && device.index < cpu::logical_count()) {
    return cpu::cpu_context(device.index);
  }
  if (device.type == DeviceType::kGpu && device.index < gpu_count()) {
    return gpu_context(device.index);
  }
  std::string known;
  for (const Device each : config::list_logical_devices()) {
    if (!known.empty()) known += ", ";
    append_text(known, each);
  }
  throw InvalidArgumentError(text(
      "device: ", device, " is not available; the devices are: ", known,
      device.type == DeviceType::kGpu && gpu_count() == 0 ? text(" (", why_no_gpu(), ")") : ""));
}

}  // namespace keen::device
