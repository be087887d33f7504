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
using detail::TileChannels;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;

constexpr int kBlock = BatchNormPlan::kBlock;
constexpr int kTileColumns = BatchNormPlan::kTileColumns;

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

// What the tile's channels were made with, and what their dx is made with.
template <class T>
struct TileLine {
  T mean[kTileColumns];
  T factor[kTileColumns];
  T offset[kTileColumns];
  T shift[kTileColumns];
  T slope[kTileColumns];

  // For the channel of a thread that has one; `inverse` is its inverse deviation.
  __device__ void load(const GradientArrays<T>& arrays, const TileChannels& tile, T inverse) {
    mean[threadIdx.x] = arrays.mean[tile.channel];
    factor[threadIdx.x] = arrays.scale[tile.channel] * inverse;
    offset[threadIdx.x] = arrays.offset != nullptr ? arrays.offset[tile.channel] : T{0};
  }
};

// The same for a thread's columns.
template <class T, int kVector>
struct Line {
  T mean[kVector];
  T factor[kVector];
  T offset[kVector];
  bool relu;

  __device__ Line(const TileLine<T>& line, const BatchNormPlace& place, const TileChannels& tile,
                  bool rectified)
      : relu(rectified) {
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const int at = (place.local * kVector + k) % tile.count;
      mean[k] = line.mean[at];
      factor[k] = line.factor[at];
      offset[k] = line.offset[at];
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
  __shared__ TileLine<T> shared;
  const BatchNormPlace place(plan);
  const TileChannels tile(plan, plan.width * kVector);
  if (tile.mine) {
    shared.load(arrays, tile, inverse_deviation(arrays.variance[tile.channel], epsilon));
  }
  __syncthreads();
  GradientSums sums[kVector];
  if (place.busy) {
    const Line<T, kVector> line(shared, place, tile, arrays.offset != nullptr);
    const std::int64_t end = plan.begin(blockIdx.y + 1);
    for (std::int64_t row = plan.begin(blockIdx.y) + place.lane; row < end;
         row += kRows * plan.lanes) {
      Vector<T, kVector> dy[kRows] = {};
      Vector<T, kVector> x[kRows] = {};
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
        const std::int64_t at = (row + r * plan.lanes) * plan.columns + place.unit * kVector;
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
  Vector<T, 2 * kVector> results;
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    const GradientSums all = detail::merge_lanes(sums[k], place.lane, plan.lanes, plan.width);
    for (int i = 0; i < 2; ++i) results.values[2 * k + i] = static_cast<T>(all.numbers[i]);
  }
  if (!place.busy || place.lane != 0) return;
  store_vector(reinterpret_cast<T*>(arrays.parts + blockIdx.y * plan.columns), place.unit, results);
}

// With s the inverse deviation and n the rows: doffset = sum(dy), dscale = s sum(dy (x - mean)),
// and into `line` what dx = factor (dy - shift - (x - mean) slope) is made with.
template <class T>
__device__ inline void prepare_gradient(const GradientArrays<T>& arrays,
                                        const GradientNumbers<T>& numbers,
                                        const BatchNormPlan& plan, const TileChannels& tile,
                                        TileLine<T>& line) {
  GradientSums sums;
  if (plan.rows > 0) {
    sums = detail::merge_parts<GradientSums>(
        arrays.parts, plan, tile, [](const PartNumbers<T>& part, int) {
          return GradientSums{
              {static_cast<double>(part.values[0]), static_cast<double>(part.values[1])}};
        });
  }
  if (tile.mine) {
    const T sum = static_cast<T>(sums.numbers[0]);
    const T sum_x = static_cast<T>(sums.numbers[1]);
    const T inverse = inverse_deviation(arrays.variance[tile.channel], numbers.epsilon);
    line.load(arrays, tile, inverse);
    line.shift[threadIdx.x] = sum * numbers.share;
    line.slope[threadIdx.x] = sum_x * inverse * inverse * numbers.share;
    if (tile.writes) {
      arrays.doffset[tile.channel] = sum;
      arrays.dscale[tile.channel] = plan.rows == 0 ? T{0} : sum_x * inverse;
    }
  }
  __syncthreads();
}

template <class T, int kVector>
__global__ void __launch_bounds__(kBlock)
    input_gradient_kernel(const GradientArrays<T> arrays, const GradientNumbers<T> numbers,
                          const __grid_constant__ BatchNormPlan plan) {
  __shared__ TileLine<T> shared;
  const TileChannels tile(plan, plan.width * kVector);
  prepare_gradient(arrays, numbers, plan, tile, shared);
  const BatchNormPlace place(plan);
  if (!place.busy) return;
  const Line<T, kVector> line(shared, place, tile, arrays.offset != nullptr);
  T shift[kVector];
  T slope[kVector];
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    const int at = (place.local * kVector + k) % tile.count;
    shift[k] = shared.shift[at];
    slope[k] = shared.slope[at];
  }
  const std::int64_t step = static_cast<std::int64_t>(gridDim.y) * plan.lanes;
#pragma unroll 2
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * plan.lanes + place.lane;
       row < plan.rows; row += step) {
    const std::int64_t at = row * plan.columns + place.unit * kVector;
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
    scratch = context.scratch(static_cast<std::size_t>(plan.parts * plan.columns) *
                              sizeof(PartNumbers<T>));
    arrays.parts = static_cast<PartNumbers<T>*>(scratch->data());
    device::cuda::launch<gradient_sums_kernel<T, kVector>>(
        context.device(), {.grid = {plan.tiles(), plan.parts}, .block = kBlock}, arrays,
        numbers.epsilon, plan);
  }
  device::cuda::launch<input_gradient_kernel<T, kVector>>(
      context.device(),
      {.grid = {plan.tiles(), detail::row_blocks(context.device(), plan, true)}, .block = kBlock},
      arrays, numbers, plan);
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
  if (size.rows % BatchNormPlan::fold_of(size.channels, kVector) == 0 &&
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
