#include <cstdint>
#include <cstring>

#include "runtime/device/cuda/vectors.cuh"
#include "runtime/op/core_ops.h"
#include "runtime/op/op.h"

namespace keen::op {
namespace {

using device::cuda::for_each_vector;
using device::cuda::kLoopBlock;
using device::cuda::kVectorOf;
using device::cuda::launch;
using device::cuda::load_vector;
using device::cuda::loop_shape;
using device::cuda::store_vector;
using device::cuda::Vector;
using device::cuda::visit_bits;

// ---- Fill ----

template <class Bits>
__global__ void __launch_bounds__(kLoopBlock) fill_kernel(Bits* out, Bits value, std::int64_t n) {
  constexpr int kCount = kVectorOf<Bits>;
  Vector<Bits, kCount> values;
  for (int k = 0; k < kCount; ++k) values.values[k] = value;
  for_each_vector<kCount>(
      n, true, [&](std::int64_t i) { store_vector(out, i, values); },
      [&](std::int64_t i) { out[i] = value; });
}

// ---- AddN ----

// Inputs that one launch adds up.
constexpr int kMostInputs = 32;

template <class T>
struct AddNTable {
  const T* inputs[kMostInputs];
  int count;
};

template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    add_n_kernel(const __grid_constant__ AddNTable<T> table, T* out, std::int64_t n) {
  constexpr int kCount = kVectorOf<T>;
  for_each_vector<kCount>(
      n, true,
      [&](std::int64_t i) {
        auto sum = load_vector<T, kCount>(table.inputs[0], i);
        for (int input = 1; input < table.count; ++input) {
          const auto next = load_vector<T, kCount>(table.inputs[input], i);
          for (int k = 0; k < kCount; ++k) {
            sum.values[k] = static_cast<T>(sum.values[k] + next.values[k]);
          }
        }
        store_vector(out, i, sum);
      },
      [&](std::int64_t i) {
        T sum = table.inputs[0][i];
        for (int input = 1; input < table.count; ++input) {
          sum = static_cast<T>(sum + table.inputs[input][i]);
        }
        out[i] = sum;
      });
}

// Left to right, so that any number of inputs has the sum of one pass.
template <class T>
void add_n_of(KernelContext& context) {
  const std::int64_t n = context.output(0).shape.num_elements();
  T* out = context.out<T>(0);
  for (int next = 0; next < context.input_count();) {
    AddNTable<T> table{};
    if (next != 0) table.inputs[table.count++] = out;
    while (next < context.input_count() && table.count < kMostInputs) {
      table.inputs[table.count++] = context.in<T>(next++);
    }
    launch<add_n_kernel<T>>(context.device(), loop_shape(context.device(), n, kVectorOf<T>), table,
                            out, n);
  }
}

// ---- Accumulate ----

template <class T>
__global__ void __launch_bounds__(kLoopBlock)
    accumulate_kernel(T* to, const T* from, bool subtract, std::int64_t n) {
  constexpr int kCount = kVectorOf<T>;
  const auto changed = [subtract](T value, T change) {
    return static_cast<T>(subtract ? value - change : value + change);
  };
  for_each_vector<kCount>(
      n, true,
      [&](std::int64_t i) {
        auto values = load_vector<T, kCount>(to, i);
        const auto changes = load_vector<T, kCount>(from, i);
        for (int k = 0; k < kCount; ++k) {
          values.values[k] = changed(values.values[k], changes.values[k]);
        }
        store_vector(to, i, values);
      },
      [&](std::int64_t i) { to[i] = changed(to[i], from[i]); });
}

template <class F>
void visit_numbers(KernelContext& context, F&& f) {
  if (!visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t,
                   std::int64_t, std::uint8_t>(context.dtype(0), f)) {
    context.unsupported(context.dtype(0));
  }
}

void accumulate(KernelContext& context, bool subtract) {
  visit_numbers(context, [&]<class T>() {
    keen::detail::VariableWriter writer(context.variable(0));
    const std::int64_t n = context.shape(0).num_elements();
    launch<accumulate_kernel<T>>(context.device(), loop_shape(context.device(), n, kVectorOf<T>),
                                 static_cast<T*>(writer.update()), context.in<T>(0), subtract, n);
  });
}

}  // namespace

void fill_gpu(KernelContext& context) {
  const auto& args = context.attrs<FillArgs>();
  const std::int64_t n = args.shape.num_elements();
  visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
              std::uint8_t, bool>(args.dtype, [&]<class T>() {
    const T value = element_of<T>(args.value);
    visit_bits(sizeof(T), [&]<class Bits>() {
      Bits bits{};
      std::memcpy(&bits, &value, sizeof(T));
      launch<fill_kernel<Bits>>(context.device(), loop_shape(context.device(), n, kVectorOf<Bits>),
                                context.out<Bits>(0), bits, n);
    });
  });
}

void add_n_gpu(KernelContext& context) {
  visit_numbers(context, [&]<class T>() { add_n_of<T>(context); });
}

void assign_add_gpu(KernelContext& context) { accumulate(context, false); }

void assign_sub_gpu(KernelContext& context) { accumulate(context, true); }

}  // namespace keen::op
