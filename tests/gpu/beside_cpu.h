// Calls on a GPU beside the same calls on the CPU.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "kernels/detail/gpu_choice.h"
#include "kernels/detail/wide_index.h"
#include "kernels/elementwise.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"
#include "tests/support/compare.h"

namespace keen::test {

using DeviceCall = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

inline std::vector<Tensor> run_on(Device device, const DeviceCall& call,
                                  const std::vector<Tensor>& inputs) {
  const DeviceScope scope(device);
  std::vector<Tensor> there;
  for (const Tensor& input : inputs) {
    there.push_back(input.defined() ? copy_to(input, device) : input);
  }
  return call(there);
}

// Expects the CPU's results, and `launches` launches; -1: any number of them.
inline void expect_as_cpu(const std::string& what, const DeviceCall& call,
                          const std::vector<Tensor>& inputs, const Tolerance& tolerance,
                          int launches = -1) {
  const std::vector<Tensor> want = run_on(cpu(), call, inputs);
  const device::Ledger ledger(gpu());
  const std::vector<Tensor> got = run_on(gpu(), call, inputs);
  if (launches >= 0) {
    EXPECT_EQ(ledger.counts()[device::Count::kLaunches], launches) << what;
  }
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!want[i].defined()) continue;
    EXPECT_EQ(got[i].device(), gpu()) << what;
    EXPECT_EQ(difference(what + ", " + std::to_string(i), got[i], want[i], tolerance), "");
  }
}

// Expects the CPU's results bit for bit.
inline void expect_bits_of_cpu(const std::string& what, const DeviceCall& call,
                               const std::vector<Tensor>& inputs) {
  const std::vector<Tensor> want = run_on(cpu(), call, inputs);
  const std::vector<Tensor> got = run_on(gpu(), call, inputs);
  ASSERT_EQ(got.size(), want.size()) << what;
  for (std::size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(got[i].device(), gpu()) << what;
    EXPECT_EQ(exact_difference(what + ", " + std::to_string(i), got[i], want[i]), "");
  }
}

// Chooses who computes convolutions and matrix products.
class WithChoice {
 public:
  explicit WithChoice(detail::GpuChoice choice) : before_(detail::gpu_choice()) {
    detail::set_gpu_choice(choice);
  }
  WithChoice(const WithChoice&) = delete;
  WithChoice& operator=(const WithChoice&) = delete;
  ~WithChoice() { detail::set_gpu_choice(before_); }

 private:
  detail::GpuChoice before_;
};

// Makes kernels count in 64 bits.
class WideIndices {
 public:
  explicit WideIndices(bool wide = true) { detail::set_wide_index_limit(wide ? 1 : 0); }
  WideIndices(const WideIndices&) = delete;
  WideIndices& operator=(const WideIndices&) = delete;
  ~WideIndices() { detail::set_wide_index_limit(0); }
};

// Integers around zero that repeat after `period`: sums of many are exact in 16 bits.
inline Tensor small_numbers(const Shape& shape, DType dtype, int period = 5) {
  std::vector<float> values;
  const int middle = period / 2;
  for (std::int64_t i = 0; i < shape.num_elements(); ++i) {
    values.push_back(static_cast<float>(i * 7 % period - middle));
  }
  const Tensor numbers = Tensor::from_vector(values, shape);
  if (dtype == DType::kBool) return numbers > 0.0;
  return cast(numbers, dtype);
}

}  // namespace keen::test
