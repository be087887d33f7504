// Matrix products on GPUs: sizes of several tiles, batches, 16-bit types, TensorFloat-32, by the
// library and by the own kernel.
#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "kernels/detail/batch_product.h"
#include "kernels/elementwise.h"
#include "kernels/fused_matmul.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/config.h"
#include "runtime/device/ledger.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/tensor/context.h"
#include "tests/gpu/beside_cpu.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

using detail::GpuChoice;
using device::Count;

Tensor some(const Shape& shape, std::uint64_t seed, DType dtype = float32) {
  const DeviceScope scope(cpu());
  return arbitrary({dtype, shape}, seed);
}

// The product on a device, of `dtype`, read as float32.
Tensor product(Device device, const Tensor& a, const Tensor& b, const MatmulArgs& args,
               DType dtype = float32) {
  const DeviceScope scope(device);
  const Tensor result =
      matmul(cast(copy_to(a, device), dtype), cast(copy_to(b, device), dtype), args);
  return copy_to(cast(result, float32), cpu());
}

Tolerance tolerance_of(DType dtype) {
  if (dtype == DType::kFloat16) return {2e-3, 2e-3};
  if (dtype == DType::kBFloat16) return {1e-2, 2e-2};
  return kContraction;
}

struct Sizes {
  Shape a;
  Shape b;
};

TEST(gpu_matmul, equals_the_cpu) {
  const std::vector<Sizes> all{
      {{70, 37}, {37, 130}}, {{1, 300}, {300, 1}}, {{65, 1}, {1, 3}}, {{3, 33, 20}, {3, 20, 10}}};
  for (const GpuChoice choice : {GpuChoice::kAuto, GpuChoice::kOwn}) {
    const WithChoice with(choice);
    for (const Sizes& sizes : all) {
      for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
        const Tensor a = some(sizes.a, 1);
        const Tensor b = some(sizes.b, 2);
        EXPECT_EQ(difference(text("product of ", a.spec(), " and ", b.spec(), " in ", dtype),
                             product(gpu(), a, b, {}, dtype), product(cpu(), a, b, {}),
                             tolerance_of(dtype)),
                  "");
      }
    }
  }
}

// Products with their bias, and the gradients of both, in one call where the library does it.
TEST(gpu_matmul, with_biases_equals_the_cpu) {
  const Tensor a = some({70, 37}, 1);
  const Tensor b = some({37, 130}, 2);
  const Tensor bias = some({130}, 3);
  const Tensor dy = some({70, 130}, 4);
  for (const GpuChoice choice : {GpuChoice::kAuto, GpuChoice::kOwn}) {
    const WithChoice with(choice);
    for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
      const auto there = [&](const Tensor& x) { return cast(copy_to(x, gpu()), dtype); };
      const std::vector<Tensor> in{there(a), there(b), there(bias), there(dy)};
      const device::Ledger ledger(gpu());
      const Tensor plain = op::matmul_bias(in[0], in[1], in[2]);
      const Tensor relu = op::matmul_bias_relu(in[0], in[1], in[2]);
      const op::Outputs gradients = op::execute(op::kMatMulBiasGrad, {in[0], in[3]});
      const auto counts = ledger.counts();
      if (choice == GpuChoice::kOwn) {
        EXPECT_EQ(counts[Count::kLibraryCalls], 0) << text(dtype);
        EXPECT_EQ(counts[Count::kLaunches], 6) << text(dtype);
      } else if (dtype == float32) {
        EXPECT_EQ(counts[Count::kLibraryCalls], 3);
        EXPECT_LE(counts[Count::kLaunches], 1) << "the library may refuse to sum the columns";
      }
      const auto expect = [&](const char* what, const Tensor& x, const Tensor& here) {
        EXPECT_EQ(difference(text(what, " in ", dtype), copy_to(cast(x, float32), cpu()), here,
                             tolerance_of(dtype)),
                  "");
      };
      expect("product with bias", plain, op::matmul_bias(a, b, bias));
      expect("ReLU of that", relu, op::matmul_bias_relu(a, b, bias));
      const op::Outputs here = op::execute(op::kMatMulBiasGrad, {a, dy});
      expect("gradient of the matrix", gradients[0], here[0]);
      expect("gradient of the bias", gradients[1], here[1]);
    }
  }
}

TEST(gpu_matmul, transposed_equals_the_cpu) {
  for (const GpuChoice choice : {GpuChoice::kAuto, GpuChoice::kOwn}) {
    const WithChoice with(choice);
    for (const MatmulArgs& args : {MatmulArgs{.transpose_a = true}, MatmulArgs{.transpose_b = true},
                                   MatmulArgs{.transpose_a = true, .transpose_b = true}}) {
      const Tensor a = some(args.transpose_a ? Shape{21, 66} : Shape{66, 21}, 1);
      const Tensor b = some(args.transpose_b ? Shape{67, 21} : Shape{21, 67}, 2);
      EXPECT_EQ(difference("product", product(gpu(), a, b, args), product(cpu(), a, b, args),
                           kContraction),
                "");
    }
  }
}

// TensorFloat-32 has 10 bits of fraction, so that 1 + 2^-12 becomes 1.
TEST(gpu_matmul, tensor_float_32_is_off_unless_allowed) {
  const float x = 1.0F + 0x1p-12F;
  const Tensor a = Tensor::from_vector(std::vector<float>(16, x), {4, 4});
  const Tensor b = Tensor::from_vector(std::vector<float>(16, 1.0F), {4, 4});
  EXPECT_FALSE(config::experimental::tensor_float_32_execution_enabled());
  EXPECT_EQ(product(gpu(), a, b, {}).to_vector<float>()[0], 4.0F * x);
  config::experimental::enable_tensor_float_32_execution(true);
  EXPECT_TRUE(config::experimental::tensor_float_32_execution_enabled());
  const float with = product(gpu(), a, b, {}).to_vector<float>()[0];
  config::experimental::enable_tensor_float_32_execution(false);
  EXPECT_TRUE(with == 4.0F || with == 4.0F * x) << with;
  EXPECT_EQ(product(gpu(), a, b, {}).to_vector<float>()[0], 4.0F * x);
}

TEST(gpu_matmul, one_library_call_each) {
  const DeviceScope scope(gpu());
  const Tensor a = copy_to(some({4, 6, 5}, 1), gpu());
  const Tensor b = copy_to(some({5, 7}, 2), gpu());
  const Tensor c = copy_to(some({4, 6, 7}, 3), gpu());
  const device::Ledger ledger(gpu());
  static_cast<void>(matmul(a, c, {.transpose_a = true}));
  EXPECT_EQ(ledger.counts()[Count::kLibraryCalls], 1);
  static_cast<void>(matmul(a, b));  // rows of one matrix
  EXPECT_EQ(ledger.counts()[Count::kLibraryCalls], 2);
  // The gradient of b: one sum over batch and rows.
  static_cast<void>(op::execute(op::kBatchMatMulV2, {a, c},
                                op::BatchMatMulArgs{.product = {true, false}, .batch = Shape({})}));
  EXPECT_EQ(ledger.counts()[Count::kLibraryCalls], 3);
  EXPECT_EQ(ledger.counts()[Count::kLaunches], 0);
}

TEST(gpu_matmul, threads_find_handles_that_others_have_left) {
  const Tensor a = some({8, 9}, 1);
  const Tensor b = some({9, 5}, 2);
  const Tensor expected = product(cpu(), a, b, {});
  static_cast<void>(product(gpu(1), a, b, {}));
  const device::Ledger ledger(gpu(1));
  std::int64_t after_first = 0;
  for (int i = 0; i < 4; ++i) {
    Tensor result;
    std::thread([&] { result = product(gpu(1), a, b, {}); }).join();
    EXPECT_EQ(difference("product", result, expected, kContraction), "");
    if (i == 0) after_first = ledger.counts()[Count::kAllocations];
  }
  // Where tensors are allocations of their own, these are counted as well.
  const char* allocator = std::getenv("KEEN_CUDA_ALLOCATOR");
  if (allocator == nullptr) {
    EXPECT_EQ(ledger.counts()[Count::kAllocations], after_first);
  }
}

TEST(gpu_matmul, batches_become_few_calls) {
  detail::BatchProduct batch{.m = 2, .n = 3, .k = 4};
  batch.set_batch({5, 6}, {5, 6}, {5, 6}, {5, 6});
  batch.simplify();
  ASSERT_EQ(batch.rank, 1);
  const auto all = batch.take_batch();
  EXPECT_EQ(all.size, 30);
  EXPECT_EQ(all.a, 8);
  EXPECT_EQ(all.b, 12);
  EXPECT_EQ(all.out, 6);
  EXPECT_EQ(batch.rank, 0);

  detail::BatchProduct shared{.m = 2, .n = 3, .k = 4};
  shared.set_batch({5, 6}, {}, {5, 6}, {5, 6});
  shared.simplify();
  EXPECT_EQ(shared.rank, 0);
  EXPECT_EQ(shared.m, 60);

  detail::BatchProduct summed{.m = 2, .n = 3, .k = 4};
  summed.set_batch({5, 6}, {5, 6}, {6}, {5, 6});
  summed.simplify();
  EXPECT_EQ(summed.rank, 2);
  EXPECT_EQ(summed.take_batch().size, 6);
  EXPECT_EQ(summed.dims[0].out, 0);
  EXPECT_EQ(summed.take_batch().size, 1);
}

}  // namespace
}  // namespace keen::test
