// Names of devices.
#pragma once

#include <cstdint>
#include <string>

namespace keen {

enum class DeviceType : std::uint8_t { kCpu, kGpu };

// A device: type and index, two bytes by value. "cpu:0" is the default CPU.
struct Device {
  DeviceType type = DeviceType::kCpu;
  std::uint8_t index = 0;

  // Parses TensorFlow's spellings: "cpu:0", "GPU:1", "/gpu:0", "/device:GPU:0",
  // "/job:localhost/replica:0/task:0/device:CPU:0"; without an index, 0. InvalidArgumentError else.
  [[nodiscard]] static Device parse(const std::string& name);
  friend bool operator==(const Device&, const Device&) = default;
};

[[nodiscard]] constexpr Device cpu(std::uint8_t index = 0) { return {DeviceType::kCpu, index}; }
[[nodiscard]] constexpr Device gpu(std::uint8_t index = 0) { return {DeviceType::kGpu, index}; }

// "cpu:0"
void append_text(std::string& out, Device device);

}  // namespace keen
