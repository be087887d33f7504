// Convolutions, biases and pools on GPUs beside the CPU: by cuDNN and by the own kernel, 16-bit
// types, both formats, indices of 32 and 64 bits, and how many launches each takes.
#include <gtest/gtest.h>

#include <vector>

#include "kernels/bias_add.h"
#include "kernels/conv2d.h"
#include "kernels/elementwise.h"
#include "kernels/pool.h"
#include "kernels/transpose.h"
#include "runtime/autodiff/tape.h"
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
using List = std::vector<Tensor>;

struct Case {
  Shape x;
  Shape w;
  Conv2DArgs args;
};

std::vector<Case> cases() {
  const auto same = Padding::kSame;
  return {{{1, 9, 8, 3}, {3, 3, 3, 70}, {.padding = same}},
          {{2, 9, 8, 10}, {3, 3, 10, 4}, {.strides = {2, 2}, .padding = same}},
          {{1, 14, 14, 8}, {3, 3, 8, 16}, {.strides = {2, 2}, .padding = same}},
          {{1, 9, 11, 4}, {3, 2, 4, 5}, {.strides = {2, 1}, .dilations = {1, 2}}},
          {{2, 6, 7, 6}, {3, 3, 2, 9}, {.padding = same}},  // three groups
          {{1, 7, 5, 4}, {2, 3, 1, 8}, {.strides = {1, 2}, .padding = same}},
          {{2, 5, 6, 3}, {1, 1, 3, 2}, {.strides = {2, 2}}},
          {{1, 5, 5, 2},
           {3, 3, 2, 3},
           {.padding = Padding::kExplicit, .explicit_paddings = {2, 1, 0, 3}}},
          // A filter's gradient of several parts.
          {{1, 20, 15, 1}, {1, 1, 1, 2}, {}},
          {{2, 16, 18, 2}, {3, 3, 2, 3}, {.padding = same}}};
}

Tensor some(const Shape& shape, std::uint64_t seed) {
  const DeviceScope scope(cpu());
  return arbitrary({float32, shape}, seed);
}

Tensor there(const Tensor& tensor, Device device, DType dtype) {
  return cast(copy_to(tensor, device), dtype);
}

List back(const List& tensors) {
  const DeviceScope scope(cpu());
  List result;
  for (const Tensor& tensor : tensors) {
    result.push_back(cast(copy_to(tensor, cpu()), float32));
  }
  return result;
}

// y, dx and dw on a device in `dtype`.
List all_directions(Device device, const Case& c, DType dtype) {
  const Tensor x_there = some(c.x, 1);
  const Tensor w_there = some(c.w, 2);
  const DeviceScope scope(device);
  const Tensor x = there(x_there, device, dtype);
  const Tensor w = there(w_there, device, dtype);
  const Tensor y = nn::conv2d(x, w, c.args);
  const Tensor dy = there(some(y.shape(), 3), device, dtype);
  return back({y, nn::conv2d_backprop_input(c.x, w, dy, c.args),
               nn::conv2d_backprop_filter(x, c.w, dy, c.args)});
}

Tolerance tolerance_of(DType dtype) {
  if (dtype == DType::kFloat16) return {4e-3, 1e-2};
  if (dtype == DType::kBFloat16) return {2e-2, 1e-1};
  return {1e-5, 1e-5};
}

void compare(const List& got, const List& want, const std::string& what, DType dtype) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(difference(text(what, ", result ", i), got[i], want[i], tolerance_of(dtype)), "");
  }
}

// The 16-bit types, and those of wide indices, are tried in few cases: an interpreter runs them.
bool is_small(const Case& c) { return c.x.num_elements() < 600; }

TEST(gpu_convolution, equals_the_cpu_by_library_and_by_own_kernel) {
  for (const Case& c : cases()) {
    const List want = all_directions(cpu(), c, float32);
    for (const DType dtype : {float32, float16, DType::kBFloat16}) {
      if (dtype != float32 && !is_small(c)) continue;
      for (const GpuChoice choice : {GpuChoice::kAuto, GpuChoice::kOwn}) {
        const WithChoice with(choice);
        compare(
            all_directions(gpu(), c, dtype), want,
            text(c.x, " by ", c.w, " in ", dtype, choice == GpuChoice::kOwn ? ", own kernel" : ""),
            dtype);
      }
    }
  }
}

TEST(gpu_convolution, own_kernel_with_wide_indices_gives_the_same_bits) {
  const WithChoice with(GpuChoice::kOwn);
  for (const Case& c : cases()) {
    if (!is_small(c)) continue;
    for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
      const List narrow = all_directions(gpu(), c, dtype);
      const WideIndices wide(true);
      const List got = all_directions(gpu(), c, dtype);
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_EQ(exact_difference(text(c.x, " in ", dtype), got[i], narrow[i]), "");
      }
    }
  }
}

TEST(gpu_convolution, what_the_library_does_not_do_is_named) {
  const Case dilated{{1, 9, 9, 4}, {3, 3, 4, 4}, {.dilations = {2, 2}}};
  const WithChoice with(GpuChoice::kLibrary);
  try {
    static_cast<void>(all_directions(gpu(), dilated, DType::kBFloat16));
  } catch (const UnimplementedError& error) {  // compute capability 7.5
    EXPECT_NE(std::string(error.what()).find("cuDNN does not do this convolution in bfloat16"),
              std::string::npos);
  }
}

// 1 + 2^-12 loses its last bit in TensorFloat-32.
TEST(gpu_convolution, tensor_float_32_is_off_unless_allowed) {
  const float value = 1.0F + 0x1p-12F;
  const Tensor x = Tensor::from_vector(std::vector<float>(32, value), {1, 4, 4, 2});
  const Tensor w = Tensor::from_vector(std::vector<float>(8, 1.0F), {1, 1, 2, 4});
  const auto first = [&] {
    const DeviceScope scope(gpu());
    return back({nn::conv2d(copy_to(x, gpu()), copy_to(w, gpu()))})[0].to_vector<float>()[0];
  };
  EXPECT_EQ(first(), 2.0F * value);
  config::experimental::enable_tensor_float_32_execution(true);
  const float with = first();
  config::experimental::enable_tensor_float_32_execution(false);
  EXPECT_TRUE(with == 2.0F || with == 2.0F * value) << with;
  EXPECT_EQ(first(), 2.0F * value);
}

// Checks what a call takes if cuDNN does it, and what if it refuses, as it may.
template <class Call>
void expect_launches(const char* what, Call&& call, std::int64_t beside_library,
                     std::int64_t without_library) {
  static_cast<void>(call());
  const device::Ledger ledger(gpu());
  static_cast<void>(call());
  const auto counts = ledger.counts();
  const std::int64_t calls = counts[Count::kLibraryCalls];
  EXPECT_LE(calls, 1) << what;
  EXPECT_EQ(counts[Count::kLaunches], calls == 1 ? beside_library : without_library) << what;
  const WithChoice with(GpuChoice::kOwn);
  const device::Ledger own(gpu());
  static_cast<void>(call());
  EXPECT_EQ(own.counts()[Count::kLibraryCalls], 0) << what;
  EXPECT_EQ(own.counts()[Count::kLaunches], without_library) << what;
}

// Beside cuDNN's call, filters are transposed, asymmetric padding is made or cut off, a bias is
// added: one launch each. The own kernel needs a second one to add up the parts of a sum.
// With a filter that has been transposed before.
TEST(gpu_convolution, launches) {
  const DeviceScope scope(gpu());
  const Tensor x = copy_to(some({2, 28, 28, 8}, 1), gpu());
  const Tensor w = copy_to(some({3, 3, 8, 16}, 2), gpu());
  const Tensor bias = copy_to(some({16}, 3), gpu());
  const Conv2DArgs even{.padding = Padding::kSame};
  const Conv2DArgs odd{.strides = {2, 2}, .padding = Padding::kSame};
  const Tensor y = nn::conv2d(x, w, even);
  const Tensor z = nn::conv2d(x, w, odd);
  expect_launches(
      "even", [&] { return nn::conv2d(x, w, even); }, 0, 1);
  expect_launches(
      "bias", [&] { return nn::fused_conv2d(x, w, bias, even); }, 0, 1);
  expect_launches(
      "odd", [&] { return nn::conv2d(x, w, odd); }, 1, 1);
  expect_launches(
      "dx, even", [&] { return nn::conv2d_backprop_input(x.shape(), w, y, even); }, 0, 1);
  expect_launches(
      "dx, odd", [&] { return nn::conv2d_backprop_input(x.shape(), w, z, odd); }, 1, 1);
  expect_launches(
      "dw, even", [&] { return nn::conv2d_backprop_filter(x, w.shape(), y, even); }, 1, 2);
  expect_launches(
      "dw, odd", [&] { return nn::conv2d_backprop_filter(x, w.shape(), z, odd); }, 2, 2);
}

// ---- Channels second ----

Tensor channels_second(const Tensor& x) { return transpose(x, {0, 3, 1, 2}); }
Tensor channels_last(const Tensor& x) { return transpose(x, {0, 2, 3, 1}); }

TEST(gpu_convolution, channels_second_equal_channels_last) {
  for (const Case& c : cases()) {
    const List want = all_directions(cpu(), c, float32);
    const DeviceScope scope(gpu());
    Conv2DArgs args = c.args;
    args.data_format = DataFormat::kNCHW;
    const Tensor x = channels_second(copy_to(some(c.x, 1), gpu()));
    const Tensor w = copy_to(some(c.w, 2), gpu());
    const Tensor y = nn::conv2d(x, w, args);
    const Tensor dy = channels_second(copy_to(some(want[0].shape(), 3), gpu()));
    compare(
        back({channels_last(y), channels_last(nn::conv2d_backprop_input(x.shape(), w, dy, args)),
              nn::conv2d_backprop_filter(x, c.w, dy, args)}),
        want, text(c.x, " by ", c.w), float32);
  }
}

// ---- Pools ----

// y and dx of a pool of numbers that `values` holds, and the gradient of dx with respect to dy.
template <class Pool>
List pool_directions(Device device, const Shape& shape, const Pool2DArgs& args, DType values,
                     DType dtype, Pool&& pool) {
  const auto given = [&](const Shape& of, std::uint64_t seed) {
    const DeviceScope here(cpu());
    const Tensor rounded = cast(cast(some(of, seed), values), float32);
    const DeviceScope scope(device);
    return there(rounded, device, dtype);
  };
  const Tensor x = given(shape, 1);
  const DeviceScope scope(device);
  Tensor dy;
  Tensor dx;
  Tensor y;
  GradientTape outer;
  {
    GradientTape tape;
    tape.watch(x);
    y = pool(x, args);
    dy = given(y.shape(), 2);
    outer.watch(dy);
    dx = tape.gradient(y, x, {.output_gradients = {dy}});
  }
  const Tensor ddx = given(shape, 3);
  return back({y, dx, outer.gradient(dx, dy, {.output_gradients = {ddx}})});
}

TEST(gpu_pool, equals_the_cpu) {
  const std::vector<Pool2DArgs> all{
      {.ksize = {2, 2}, .strides = {2, 2}},
      {.ksize = {3, 3}, .strides = {2, 2}, .padding = Padding::kSame},
      {.ksize = {3, 2}, .strides = {1, 3}, .padding = Padding::kSame}};
  const auto max_pool = [](const Tensor& x, const Pool2DArgs& args) {
    return nn::max_pool2d(x, args);
  };
  const auto avg_pool = [](const Tensor& x, const Pool2DArgs& args) {
    return nn::avg_pool2d(x, args);
  };
  for (const Pool2DArgs& args : all) {
    for (const std::int64_t channels : {1, 3, 8, 10}) {
      const Shape shape{2, 9, 10, channels};
      for (const bool wide : {false, true}) {
        const WideIndices indices(wide);
        for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
          compare(pool_directions(gpu(), shape, args, dtype, dtype, max_pool),
                  pool_directions(cpu(), shape, args, dtype, float32, max_pool), "max", dtype);
          compare(pool_directions(gpu(), shape, args, dtype, dtype, avg_pool),
                  pool_directions(cpu(), shape, args, dtype, float32, avg_pool), "average", dtype);
        }
      }
    }
  }
}

TEST(gpu_pool, largest_of_16_bit_numbers) {
  for (const DType dtype : {float16, DType::kBFloat16}) {
    const Tensor small = cast(some({1, 6, 6, 5}, 1), dtype);
    const Pool2DArgs args{.ksize = {3, 3}, .strides = {2, 2}, .padding = Padding::kSame};
    const DeviceScope scope(gpu());
    const Tensor got = nn::max_pool2d(copy_to(small, gpu()), args);
    const DeviceScope here(cpu());
    EXPECT_EQ(exact_difference("max", back({got})[0], nn::max_pool2d(cast(small, float32), args)),
              "");
  }
}

TEST(gpu_pool, channels_second_equal_channels_last) {
  const Tensor x = some({2, 9, 10, 3}, 1);
  const Pool2DArgs last{.ksize = {3, 3}, .strides = {2, 2}, .padding = Padding::kSame};
  Pool2DArgs second = last;
  second.data_format = DataFormat::kNCHW;
  const DeviceScope scope(gpu());
  const Tensor there = copy_to(x, gpu());
  for (Tensor (*pool)(const Tensor&, const Pool2DArgs&) : {nn::max_pool2d, nn::avg_pool2d}) {
    EXPECT_EQ(exact_difference("pool", channels_last(pool(channels_second(there), second)),
                               pool(there, last)),
              "");
  }
}

// ---- Biases ----

TEST(gpu_bias, sums_of_all_widths) {
  for (const std::int64_t channels : {1, 3, 10, 64, 100, 256, 300}) {
    for (const std::int64_t rows : {1, 7, 300, 3000}) {
      const Tensor x = some({rows, channels}, 3);
      const auto sums = [&](Device device, DType dtype) {
        const DeviceScope scope(device);
        return back({op::execute(op::kBiasAddGrad, {there(x, device, dtype)}, BiasAddArgs{})})[0];
      };
      const Tensor want = sums(cpu(), float32);
      for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
        EXPECT_EQ(difference(text(rows, "x", channels, " in ", dtype), sums(gpu(), dtype), want,
                             size_of(dtype) == 2 ? Tolerance{2e-2, 1.0} : Tolerance{1e-5, 1e-4}),
                  "");
      }
    }
  }
}

TEST(gpu_bias, channels_second) {
  for (const Shape& shape : {Shape{3, 5, 7, 9}, Shape{2, 2, 90, 91}, Shape{4, 1, 6}}) {
    const BiasAddArgs args{.data_format = DataFormat::kNCHW};
    const Tensor x = some(shape, 1);
    const Tensor bias = some({shape.dim(1)}, 2);
    const auto both = [&](Device device, DType dtype) {
      const DeviceScope scope(device);
      const Tensor value = there(x, device, dtype);
      return back({nn::bias_add(value, there(bias, device, dtype), args),
                   op::execute(op::kBiasAddGrad, {value}, args)});
    };
    const List want = both(cpu(), float64);
    for (const bool wide : {false, true}) {
      const WideIndices indices(wide);
      for (const DType dtype : {float32, float64, float16, DType::kBFloat16}) {
        const List got = both(gpu(), dtype);
        const bool small = size_of(dtype) == 2;
        const std::string what = text(shape, " in ", dtype);
        EXPECT_EQ(difference(what, got[0], want[0], small ? Tolerance{2e-2, 2e-2} : kContraction),
                  "");
        EXPECT_EQ(
            difference(what, got[1], want[1], small ? Tolerance{2e-2, 1.0} : Tolerance{1e-5, 1e-4}),
            "");
      }
    }
  }
}

TEST(gpu_bias, one_launch_each) {
  const DeviceScope scope(gpu());
  const Tensor x = copy_to(some({2000, 32}, 1), gpu());
  const Tensor bias = copy_to(some({32}, 2), gpu());
  const device::Ledger ledger(gpu());
  static_cast<void>(nn::bias_add(x, bias));
  static_cast<void>(op::execute(op::kBiasAddGrad, {x}, BiasAddArgs{}));
  EXPECT_EQ(ledger.counts()[Count::kLaunches], 2);
}

}  // namespace
}  // namespace keen::test
