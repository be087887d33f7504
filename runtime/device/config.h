// Configuration of devices (tf.config).
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/device/device.h"

namespace keen::config {

// Splits the CPU into `count` logical devices cpu:0 … cpu:count-1 (1 to 16), which share out the
// threads. RuntimeError after the first use of a device, as
// tf.config.set_logical_device_configuration.
void set_logical_cpu_devices(int count);

// All devices, CPUs first (tf.config.list_logical_devices).
[[nodiscard]] std::vector<Device> list_logical_devices();

namespace threading {

// Threads that the ops of all CPU devices use together; 0 is as many as the process may use. Each
// device gets an equal share, at least one. May be called at any time.
void set_intra_op_parallelism_threads(int count);
[[nodiscard]] int get_intra_op_parallelism_threads();

}  // namespace threading

namespace experimental {

// Device memory in use now and at most, as tf.config.experimental.get_memory_info.
struct MemoryInfo {
  long long current = 0;
  long long peak = 0;
};
[[nodiscard]] MemoryInfo get_memory_info(const Device& device);
void reset_memory_stats(const Device& device);
// Most bytes that the runtime takes from a GPU, its cache included; 0: as many as it has. As
// memory_limit (in MB) of tf.config.LogicalDeviceConfiguration, but at any time: what is held
// already is not taken away. ValueError for CPUs, which TensorFlow refuses as well, and for
// negative limits.
void set_memory_limit(const Device& device, std::int64_t bytes);

// Whether float32 convolutions and matrix products on GPUs may round their factors to
// TensorFloat-32 (10 bits of fraction), which is faster from compute capability 8.0 on. Off at
// first, where TensorFlow's is on. Calls made after it follow; it holds for all devices.
void enable_tensor_float_32_execution(bool enabled);
[[nodiscard]] bool tensor_float_32_execution_enabled();

// Makes each run of a program on the same devices give the same bits, as
// tf.config.experimental.enable_op_determinism. Kernels repeat their bits without it (the table in
// docs/ARCHITECTURE.md says on what terms); with it, random ops without any seed are a
// RuntimeError, and a GPU without memory for the convolution that it would take is a
// ResourceExhaustedError rather than another way to compute it, whose bits differ.
void enable_op_determinism();
void disable_op_determinism();
[[nodiscard]] bool is_op_determinism_enabled();

}  // namespace experimental
}  // namespace keen::config
