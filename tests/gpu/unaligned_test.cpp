// Vectors of 16 bytes are read only where pointers allow it: the simulated CUDA, as hardware,
// refuses others.
#include "tests/gpu/unaligned.h"

#include <gtest/gtest.h>

#include <vector>

#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen::test {
namespace {

constexpr int kSize = 300;

// Numbers on the GPU, of which those from an offset on are used.
struct Array {
  Tensor all;
  float* at;

  Array(int offset, float first) {
    std::vector<float> numbers(kSize + 8);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = first + static_cast<float>(i);
    all = copy_to(Tensor::from_vector(numbers), gpu());
    at = static_cast<float*>(all.impl().buffer->data()) + offset;
  }
};

TEST(gpu_elementwise, any_pointer_that_an_element_may_have) {
  for (const int in : {0, 1, 2, 3}) {
    for (const int to : {0, 1}) {
      for (const int n : {1, 3, 4, 10, 255, 300}) {
        const Array x(in, 0.5F);
        const Array out(to, -1000);
        negate(gpu(), x.at, out.at, n);
        const std::vector<float> got = out.all.to_vector<float>();
        for (int i = 0; i < kSize + 8; ++i) {
          const bool written = i >= to && i < to + n;
          const float want = written ? -(0.5F + static_cast<float>(i - to + in))
                                     : -1000.0F + static_cast<float>(i);
          ASSERT_EQ(got[static_cast<std::size_t>(i)], want)
              << in << ' ' << to << ' ' << n << ' ' << i;
        }
      }
    }
  }
}

TEST(gpu_elementwise, two_pointers_that_are_not_alike) {
  const Array x(1, 0);
  const Array y(2, 100);
  const Array out(0, -1000);
  add(gpu(), x.at, y.at, out.at, 21);
  const std::vector<float> got = out.all.to_vector<float>();
  EXPECT_EQ(got[0], 103.0F);
  EXPECT_EQ(got[20], 143.0F);
  EXPECT_EQ(got[21], -979.0F);
}

}  // namespace
}  // namespace keen::test
