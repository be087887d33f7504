// Seeds, keys and counters, which stay on the GPU: one thread each.
#include <cstdint>

#include "kernels/detail/indices.cuh"
#include "kernels/random_generator.h"
#include "kernels/stateless_random.h"
#include "runtime/device/cuda/launch.h"
#include "runtime/op/op.h"
#include "runtime/tensor/random_distribution.h"

namespace keen::op {
namespace {

using detail::Indices;
using detail::indices_of;
using device::cuda::launch;
using random::PhiloxState;

__device__ inline void write_start(const PhiloxState& start, std::uint64_t* key,
                                   std::uint64_t* counter) {
  key[0] = start.key;
  counter[0] = start.counter_low;
  counter[1] = start.counter_high;
}

__global__ void key_counter_kernel(Indices seed, std::uint64_t* key, std::uint64_t* counter) {
  write_start(random::stateless_start(seed[0], seed[1]), key, counter);
}

template <class T>
__global__ void fold_in_kernel(Indices seed, const T* data, T* out) {
  T numbers[random::UniformFullInt<T>::kGroup];
  random::UniformFullInt<T>()(random::philox_block(random::stateless_start(seed[0], seed[1])),
                              numbers);
  out[0] = numbers[0];
  out[1] = *data;
}

__global__ void read_and_skip_kernel(std::uint64_t* state, std::uint64_t blocks, std::uint64_t* key,
                                     std::uint64_t* counter) {
  const PhiloxState start{state[2], state[0], state[1]};
  write_start(start, key, counter);
  const PhiloxState next = start.skipped(blocks);
  state[0] = next.counter_low;
  state[1] = next.counter_high;
}

}  // namespace

void key_counter_gpu(KernelContext& context) {
  launch<key_counter_kernel>(context.device(), {},
                             indices_of(context.in<void>(0), context.dtype(0)),
                             context.out<std::uint64_t>(0), context.out<std::uint64_t>(1));
}

void fold_in_gpu(KernelContext& context) {
  visit_dtype<std::int32_t, std::int64_t>(context.dtype(1), [&]<class T>() {
    launch<fold_in_kernel<T>>(context.device(), {},
                              indices_of(context.in<void>(0), context.dtype(0)), context.in<T>(1),
                              context.out<T>(0));
  });
}

void read_and_skip(KernelContext& context, std::uint64_t* state, std::uint64_t blocks) {
  launch<read_and_skip_kernel>(context.device(), {}, state, blocks, context.out<std::uint64_t>(0),
                               context.out<std::uint64_t>(1));
}

}  // namespace keen::op
