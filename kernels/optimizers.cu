#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/detail/variable_writers.h"
#include "kernels/optimizers.h"
#include "runtime/device/cuda/vectors.cuh"

namespace keen::op {
namespace {

using detail::VariableWriters;
using device::cuda::kVectorOf;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;

constexpr int kBlock = 256;
// Elements that a block takes.
constexpr std::int64_t kChunk = 4096;
// Gradients of a launch: few in the launch of most models, whose table then is small, and as many
// as the parameters of a kernel have room for (32,764 bytes).
constexpr int kFew = 64;
constexpr int kMost = 700;

// Gradients and the kEach variables that each of them changes.
template <class T, int kEach, int kRoom>
struct UpdateTable {
  const T* gradients[kRoom];
  T* to[kEach][kRoom];
  std::int64_t sizes[kRoom];
  std::uint32_t first[kRoom];  // chunk
  int count = 0;
  std::uint32_t chunks = 0;
};

// ---- Rules: read() fetches numbers from the device, which are then applied to each element ----

template <class T>
struct Descent {
  static constexpr int kEach = 1;
  const T* rate;

  struct Numbers {
    T rate;
    __device__ void apply(T g, T (&to)[kEach]) const { to[0] -= g * rate; }
  };
  __device__ Numbers read() const { return {*rate}; }
  __device__ void finish() const {}
};

template <class T>
struct Momentum {
  static constexpr int kEach = 2;
  const T* rate;
  T factor;
  bool nesterov;

  struct Numbers {
    T rate;
    T factor;
    bool nesterov;
    __device__ void apply(T g, T (&to)[kEach]) const {
      to[1] = to[1] * factor + g;
      to[0] -= nesterov ? g * rate + to[1] * factor * rate : to[1] * rate;
    }
  };
  __device__ Numbers read() const { return {*rate, factor, nesterov}; }
  __device__ void finish() const {}
};

// Blocks that have read Adam's powers; zero again after each launch. A device has one compute
// stream, so one launch at a time counts here.
__device__ unsigned int arrivals;

template <class T>
struct Adam {
  static constexpr int kEach = 3;
  const T* rate;
  T* powers[2];  // of the betas
  T betas[2];
  T epsilon;
  bool last;  // launch of a step

  struct Numbers {
    T alpha;
    T slopes[2];
    T epsilon;
    __device__ void apply(T g, T (&to)[kEach]) const {
      to[1] += (g - to[1]) * slopes[0];
      to[2] += (g * g - to[2]) * slopes[1];
      to[0] -= to[1] * alpha / (sqrt(to[2]) + epsilon);
    }
  };
  __device__ Numbers read() const {
    return {*rate * sqrt(T{1} - *powers[1]) / (T{1} - *powers[0]),
            {T{1} - betas[0], T{1} - betas[1]},
            epsilon};
  }
  // By one thread of each block, when all of them have read: the last block to come moves the
  // powers on.
  __device__ void finish() const {
    if (!last) return;
    __threadfence();
    if (atomicInc(&arrivals, gridDim.x - 1) != gridDim.x - 1) return;
    for (int i = 0; i < 2; ++i) *powers[i] *= betas[i];
  }
};

// ---- The kernel ----

// The gradient that a chunk belongs to.
template <class Table>
__device__ inline int find(const Table& table, std::uint32_t chunk) {
  int low = 0;
  int high = table.count;
  while (high - low > 1) {
    const int middle = (low + high) / 2;
    if (table.first[middle] <= chunk) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

template <class Numbers, class T, int kEach, int kCount>
__device__ inline void update_vector(const Numbers& numbers, const T* g, T* const (&to)[kEach],
                                     std::int64_t at) {
  const auto gradient = load_vector<T, kCount>(g + at, 0);
  Vector<T, kCount> values[kEach];
#pragma unroll
  for (int i = 0; i < kEach; ++i) values[i] = load_vector<T, kCount>(to[i] + at, 0);
#pragma unroll
  for (int k = 0; k < kCount; ++k) {
    T each[kEach];
#pragma unroll
    for (int i = 0; i < kEach; ++i) each[i] = values[i].values[k];
    numbers.apply(gradient.values[k], each);
#pragma unroll
    for (int i = 0; i < kEach; ++i) values[i].values[k] = each[i];
  }
#pragma unroll
  for (int i = 0; i < kEach; ++i) store_vector(to[i] + at, 0, values[i]);
}

template <class Rule, class T, int kRoom>
__global__ void __launch_bounds__(kBlock)
    update_kernel(const Rule rule,
                  const __grid_constant__ UpdateTable<T, Rule::kEach, kRoom> table) {
  constexpr int kEach = Rule::kEach;
  constexpr int kCount = kVectorOf<T>;
  const auto numbers = rule.read();
  __syncthreads();
  if (threadIdx.x == 0) rule.finish();
  if (table.count == 0) return;
  const int entry = find(table, blockIdx.x);
  const T* g = table.gradients[entry];
  T* to[kEach];
  std::uintptr_t addresses = reinterpret_cast<std::uintptr_t>(g);
#pragma unroll
  for (int i = 0; i < kEach; ++i) {
    to[i] = table.to[i][entry];
    addresses |= reinterpret_cast<std::uintptr_t>(to[i]);
  }
  const std::int64_t begin = (blockIdx.x - table.first[entry]) * kChunk;
  const std::int64_t end =
      begin + kChunk < table.sizes[entry] ? begin + kChunk : table.sizes[entry];
  const bool aligned = addresses % (sizeof(T) * kCount) == 0;
  const std::int64_t whole = aligned ? end - (end - begin) % kCount : begin;
  for (std::int64_t at = begin + threadIdx.x * kCount; at < whole; at += kBlock * kCount) {
    update_vector<decltype(numbers), T, kEach, kCount>(numbers, g, to, at);
  }
  for (std::int64_t at = whole + threadIdx.x; at < end; at += kBlock) {
    update_vector<decltype(numbers), T, kEach, 1>(numbers, g, to, at);
  }
}

// Launches over the gradients from `next` on; moves `next` behind those that were taken.
template <int kRoom, class T, class Rule>
void update_some(const KernelContext& context, const std::vector<T*>& variables, int& next,
                 Rule rule) {
  UpdateTable<T, Rule::kEach, kRoom> table;
  for (; next < context.input_count() && table.count < kRoom; ++next) {
    const std::int64_t size = context.shape(next).num_elements();
    if (size == 0) continue;
    const int entry = table.count++;
    table.gradients[entry] = context.in<T>(next);
    for (int i = 0; i < Rule::kEach; ++i) {
      table.to[i][entry] = variables[static_cast<std::size_t>((next - 1) * Rule::kEach + i)];
    }
    table.sizes[entry] = size;
    table.first[entry] = table.chunks;
    table.chunks += static_cast<std::uint32_t>((size + kChunk - 1) / kChunk);
  }
  if constexpr (requires { rule.last; }) {
    rule.last = next == context.input_count();
    // The powers move on, also where there is nothing to update.
    if (table.chunks == 0 && rule.last) table.chunks = 1;
  }
  device::cuda::launch<update_kernel<Rule, T, kRoom>>(
      context.device(), {.grid = table.chunks, .block = kBlock}, rule, table);
}

template <class T, class Rule>
void update_all(const KernelContext& context, VariableWriters& writers, int first,
                const Rule& rule) {
  // All are open before the first changes: opening one may need memory that there is not.
  std::vector<T*> variables;
  for (int i = first; i < context.variable_count(); ++i) variables.push_back(writers.at<T>(i));
  const int end = context.input_count();
  int next = 1;
  do {
    if (end - next <= kFew) {
      update_some<kFew, T>(context, variables, next, rule);
    } else {
      update_some<kMost, T>(context, variables, next, rule);
    }
  } while (next < end);
}

template <class T>
void adam_of(KernelContext& context) {
  VariableWriters writers(context);
  const auto& args = context.attrs<ApplyAdamArgs>();
  const Adam<T> rule{.rate = context.in<T>(0),
                     .powers = {writers.at<T>(0), writers.at<T>(1)},
                     .betas = {static_cast<T>(args.beta1), static_cast<T>(args.beta2)},
                     .epsilon = static_cast<T>(args.epsilon),
                     .last = true};
  update_all<T>(context, writers, 2, rule);
}

}  // namespace

void gradient_descent_gpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
    VariableWriters writers(context);
    update_all<T>(context, writers, 0, Descent<T>{context.in<T>(0)});
  });
}

void momentum_gpu(KernelContext& context) {
  const auto& args = context.attrs<ApplyMomentumArgs>();
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() {
    VariableWriters writers(context);
    update_all<T>(context, writers, 0,
                  Momentum<T>{context.in<T>(0), static_cast<T>(args.momentum), args.use_nesterov});
  });
}

void adam_gpu(KernelContext& context) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { adam_of<T>(context); });
}

}  // namespace keen::op
