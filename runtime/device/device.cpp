#include "runtime/device/device.h"

#include <cctype>
#include <charconv>
#include <string_view>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

[[noreturn]] void malformed(const std::string& name) {
  throw InvalidArgumentError(text("device: malformed device specification '", name, "'"));
}

}  // namespace

Device Device::parse(const std::string& name) {
  std::string lower;
  for (const char c : name) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  std::string_view rest = lower;
  if (const auto slash = rest.rfind('/'); slash != std::string_view::npos) {
    rest.remove_prefix(slash + 1);
  }
  if (rest.starts_with("device:")) rest.remove_prefix(7);
  Device device;
  if (rest.starts_with("gpu")) {
    device.type = DeviceType::kGpu;
  } else if (!rest.starts_with("cpu")) {
    malformed(name);
  }
  rest.remove_prefix(3);
  if (rest.empty()) return device;
  if (rest.front() != ':') malformed(name);
  rest.remove_prefix(1);
  const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), device.index);
  if (rest.empty() || result.ec != std::errc() || result.ptr != rest.data() + rest.size()) {
    malformed(name);
  }
  return device;
}

void append_text(std::string& out, Device device) {
  out += device.type == DeviceType::kCpu ? "cpu:" : "gpu:";
  append_text(out, static_cast<int>(device.index));
}

}  // namespace keen
