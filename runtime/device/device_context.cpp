#include "runtime/device/device_context.h"

#include <string>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/cpu/cpu_context.h"

namespace keen::device {

DeviceContext& context(Device device) {
  if (device.type == DeviceType::kCpu && device.index < cpu::logical_count()) {
    return cpu::cpu_context(device.index);
  }
  std::string known;
  for (const Device each : config::list_logical_devices()) {
    if (!known.empty()) known += ", ";
    append_text(known, each);
  }
  throw InvalidArgumentError(
      text("device: ", device, " is not available; the devices are: ", known));
}

}  // namespace keen::device
