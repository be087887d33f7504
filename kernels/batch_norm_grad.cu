#include <cstdint>

#include "kernels/batch_norm.h"
#include "kernels/detail/batch_norm_gpu.cuh"
#include "kernels/detail/channels_last.h"
#include "runtime/op/op.h"

namespace keen::op {
namespace {

using detail::BatchNormPlace;
using detail::BatchNormPlan;
using detail::ChannelRows;
using detail::ChannelsLast;
using detail::GradientSums;
using detail::inverse_deviation;
using detail::PartNumbers;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;

constexpr int kBlock = BatchNormPlan::kBlock;
constexpr int kTileChannels = BatchNormPlan::kTileChannels;

template <class T>
struct GradientArrays {
  const T* dy;
  const T* x;
  const T* scale;
  const T* mean;
  const T* variance;
  const T* offset;  // of the rectified form, else null
  T* dx;
  T* dscale;
  T* doffset;
  PartNumbers<T>* parts;
};

template <class T>
struct GradientNumbers {
  T epsilon;
  T share;  // 1 / rows in training, else 0
};

// What y was made with, for a thread's channels.
template <class T, int kVector>
struct Line {
  T mean[kVector];
  T factor[kVector];
  T offset[kVector];
  bool relu;

  __device__ Line(const GradientArrays<T>& arrays, T epsilon, std::int64_t channel)
      : relu(arrays.offset != nullptr) {
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      mean[k] = arrays.mean[channel + k];
      factor[k] =
          arrays.scale[channel + k] * inverse_deviation(arrays.variance[channel + k], epsilon);
      offset[k] = relu ? arrays.offset[channel + k] : T{0};
    }
  }
  // dy where y passed the rectifier; always without one.
  __device__ T passed(int k, T dy, T centred) const {
    return !relu || centred * factor[k] + offset[k] > T{0} ? dy : T{0};
  }
};

template <class T, int kVector>
__global__ void __launch_bounds__(kBlock)
    gradient_sums_kernel(const GradientArrays<T> arrays, T epsilon,
                         const __grid_constant__ BatchNormPlan plan) {
  constexpr int kRows = static_cast<int>(16 / sizeof(T));  // that a thread reads at a time
  const BatchNormPlace place(plan);
  const std::int64_t channel = place.unit * kVector;
  GradientSums sums[kVector];
  if (place.busy) {
    const Line<T, kVector> line(arrays, epsilon, channel);
    const std::int64_t end = plan.begin(blockIdx.y + 1);
    for (std::int64_t row = plan.begin(blockIdx.y) + place.lane; row < end;
         row += kRows * plan.lanes) {
      Vector<T, kVector> dy[kRows] = {};
      Vector<T, kVector> x[kRows] = {};
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const std::int64_t at = (row + r * plan.lanes) * plan.channels + channel;
        if (row + r * plan.lanes < end) {
          dy[r] = load_vector<T, kVector>(arrays.dy + at, 0);
          x[r] = load_vector<T, kVector>(arrays.x + at, 0);
        }
      }
#pragma unroll
      for (int k = 0; k < kVector; ++k) {
        T sum = 0;
        T sum_x = 0;
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
          if (row + r * plan.lanes >= end) continue;
          const T centred = x[r].values[k] - line.mean[k];
          const T d = line.passed(k, dy[r].values[k], centred);
          sum += d;
          sum_x += d * centred;
        }
        sums[k].merge({{static_cast<double>(sum), static_cast<double>(sum_x)}});
      }
    }
  }
  PartNumbers<T>* to = arrays.parts + blockIdx.y * plan.channels + channel;
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    const GradientSums all = detail::merge_lanes(sums[k], place.lane, plan.lanes, plan.width);
    if (place.busy && place.lane == 0) {
      to[k] = {{static_cast<T>(all.numbers[0]), static_cast<T>(all.numbers[1])}};
    }
  }
}

// With s the inverse deviation and n the rows: doffset = sum(dy), dscale = s sum(dy (x - mean)),
// and into `line` what dx = factor (dy - shift - (x - mean) slope) is made with.
template <class T>
__device__ inline void prepare_gradient(const GradientArrays<T>& arrays,
                                        const GradientNumbers<T>& numbers,
                                        const BatchNormPlan& plan, int tile_channels,
                                        T (&line)[2][kTileChannels]) {
  GradientSums sums;
  if (plan.rows > 0) {
    sums = detail::merge_parts<GradientSums>(
        arrays.parts, plan, tile_channels, [](const PartNumbers<T>& part, int) {
          return GradientSums{
              {static_cast<double>(part.values[0]), static_cast<double>(part.values[1])}};
        });
  }
  const int local = static_cast<int>(threadIdx.x);
  const std::int64_t channel = static_cast<std::int64_t>(blockIdx.x) * tile_channels + local;
  if (local < tile_channels && channel < plan.channels) {
    const T sum = static_cast<T>(sums.numbers[0]);
    const T sum_x = static_cast<T>(sums.numbers[1]);
    const T inverse = inverse_deviation(arrays.variance[channel], numbers.epsilon);
    line[0][local] = sum * numbers.share;
    line[1][local] = sum_x * inverse * inverse * numbers.share;
    if (blockIdx.y == 0) {
      arrays.doffset[channel] = sum;
      arrays.dscale[channel] = plan.rows == 0 ? T{0} : sum_x * inverse;
    }
  }
  __syncthreads();
}

template <class T, int kVector>
__global__ void __launch_bounds__(kBlock)
    input_gradient_kernel(const GradientArrays<T> arrays, const GradientNumbers<T> numbers,
                          const __grid_constant__ BatchNormPlan plan) {
  __shared__ T shared[2][kTileChannels];
  prepare_gradient(arrays, numbers, plan, plan.width * kVector, shared);
  const BatchNormPlace place(plan);
  if (!place.busy) return;
  const Line<T, kVector> line(arrays, numbers.epsilon, place.unit * kVector);
  T shift[kVector];
  T slope[kVector];
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    shift[k] = shared[0][place.local * kVector + k];
    slope[k] = shared[1][place.local * kVector + k];
  }
  const std::int64_t step = static_cast<std::int64_t>(gridDim.y) * plan.lanes;
#pragma unroll 2
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * plan.lanes + place.lane;
       row < plan.rows; row += step) {
    const std::int64_t at = row * plan.channels + place.unit * kVector;
    const auto x = load_vector<T, kVector>(arrays.x + at, 0);
    auto values = load_vector<T, kVector>(arrays.dy + at, 0);
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const T centred = x.values[k] - line.mean[k];
      const T d = line.passed(k, values.values[k], centred);
      values.values[k] = line.factor[k] * (d - shift[k] - centred * slope[k]);
    }
    store_vector(arrays.dx + at, 0, values);
  }
}

template <class T, int kVector>
void gradient_launch(KernelContext& context, const BatchNormPlan& plan, GradientArrays<T> arrays,
                     const GradientNumbers<T>& numbers) {
  RefPtr<Buffer> scratch;
  if (plan.rows > 0) {
    scratch = context.scratch(static_cast<std::size_t>(plan.parts * plan.channels) *
                              sizeof(PartNumbers<T>));
    arrays.parts = static_cast<PartNumbers<T>*>(scratch->data());
    device::cuda::launch<gradient_sums_kernel<T, kVector>>(
        context.device(), {.grid = {plan.tiles(), plan.parts}, .block = kBlock}, arrays,
        numbers.epsilon, plan);
  }
  device::cuda::launch<input_gradient_kernel<T, kVector>>(
      context.device(),
      {.grid = {plan.tiles(), detail::row_blocks(context.device(), plan)}, .block = kBlock}, arrays,
      numbers, plan);
}

template <class T>
void gradient_of(KernelContext& context, bool relu) {
  const auto& args = context.attrs<FusedBatchNormArgs>();
  const ChannelRows size = detail::batch_norm_rows(context, context.shape(1));
  if (size.channels == 0) return;
  auto& device = context.device_context();
  const ChannelsLast dy(device, context.input(0).spec(), args.data_format);
  const ChannelsLast x(device, context.input(1).spec(), args.data_format);
  const ChannelsLast dx(device, context.output(0), args.data_format);
  const GradientArrays<T> arrays{.dy = static_cast<const T*>(dy.read(context.in<T>(0))),
                                 .x = static_cast<const T*>(x.read(context.in<T>(1))),
                                 .scale = context.in<T>(2),
                                 .mean = context.in<T>(3),
                                 .variance = context.in<T>(4),
                                 .offset = relu ? context.in<T>(5) : nullptr,
                                 .dx = static_cast<T*>(dx.place(context.out<T>(0))),
                                 .dscale = context.out<T>(1),
                                 .doffset = context.out<T>(2),
                                 .parts = nullptr};
  const GradientNumbers<T> numbers{
      .epsilon = static_cast<T>(args.epsilon),
      .share = args.is_training && size.rows > 0 ? T{1} / static_cast<T>(size.rows) : T{0}};
  constexpr int kVector = device::cuda::kVectorOf<T>;
  if (size.channels % kVector == 0 &&
      device::cuda::vectors_fit<kVector>(arrays.x, arrays.dy, arrays.dx)) {
    gradient_launch<T, kVector>(context, {size.rows, size.channels, kVector}, arrays, numbers);
  } else {
    gradient_launch<T, 1>(context, {size.rows, size.channels, 1}, arrays, numbers);
  }
  dx.write(context.out<T>(0));
}

void gradient(KernelContext& context, bool relu) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { gradient_of<T>(context, relu); });
}

}  // namespace

void batch_norm_grad_gpu(KernelContext& context) { gradient(context, false); }
void batch_norm_relu_grad_gpu(KernelContext& context) { gradient(context, true); }

}  // namespace keen::op
