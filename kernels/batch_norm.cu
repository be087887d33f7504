#include <algorithm>
#include <cstdint>
#include <limits>

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
using detail::inverse_deviation;
using detail::Moments;
using detail::PartNumbers;
using detail::TileChannels;
using device::cuda::load_vector;
using device::cuda::store_vector;
using device::cuda::Vector;

constexpr int kBlock = BatchNormPlan::kBlock;
constexpr int kTileColumns = BatchNormPlan::kTileColumns;

template <class T>
struct ForwardArrays {
  const T* x;
  const T* scale;
  const T* offset;
  const T* mean;  // given: null if they are not
  const T* variance;
  T* y;
  T* averages[2];  // of mean and variance, that come out
  T* saved[2];     // what y is made with
  PartNumbers<T>* parts;
};

template <class T>
struct ForwardNumbers {
  T epsilon;
  T factor;    // of the batch in the averages
  T unbiased;  // of the variance in them
  bool training;
  bool relu;
};

// ---- Statistics of the parts ----

// Rows that a thread reads at a time.
template <class T>
constexpr int kRowsOf = static_cast<int>(32 / sizeof(T));

// Moments of up to kRowsOf rows that are `stride` apart.
template <class T, int kVector>
__device__ inline void take_rows(const T* from, std::int64_t stride, std::int64_t left,
                                 Moments (&moments)[kVector]) {
  constexpr int kRows = kRowsOf<T>;
  Vector<T, kVector> values[kRows];
  const int count = left < kRows ? static_cast<int>(left) : kRows;
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    if (r < count) values[r] = load_vector<T, kVector>(from + r * stride, 0);
  }
  const T share = T{1} / static_cast<T>(count);
  const double weight = count / (moments[0].numbers[0] + count);
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    T sum = 0;
#pragma unroll
    for (int r = 0; r < kRows; ++r) sum += r < count ? values[r].values[k] : T{0};
    const T mean = sum * share;
    T squares = 0;
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      const T centred = r < count ? values[r].values[k] - mean : T{0};
      squares += centred * centred;
    }
    moments[k].merge(count, weight, static_cast<double>(mean), static_cast<double>(squares));
  }
}

template <class T, int kVector>
__global__ void __launch_bounds__(kBlock)
    moments_kernel(const T* x, PartNumbers<T>* parts, const __grid_constant__ BatchNormPlan plan) {
  const BatchNormPlace place(plan);
  Moments moments[kVector];
  if (place.busy) {
    const std::int64_t end = plan.begin(blockIdx.y + 1);
    const std::int64_t stride = plan.lanes * plan.columns;
    for (std::int64_t row = plan.begin(blockIdx.y) + place.lane; row < end;
         row += kRowsOf<T> * plan.lanes) {
      take_rows(x + row * plan.columns + place.unit * kVector, stride,
                (end - row + plan.lanes - 1) / plan.lanes, moments);
    }
  }
  Vector<T, 2 * kVector> results;
#pragma unroll
  for (int k = 0; k < kVector; ++k) {
    const Moments all = detail::merge_lanes(moments[k], place.lane, plan.lanes, plan.width);
    for (int i = 0; i < 2; ++i) {
      results.values[2 * k + i] = static_cast<T>(all.numbers[1 + i]);
    }
  }
  if (!place.busy || place.lane != 0) return;
  store_vector(reinterpret_cast<T*>(parts + blockIdx.y * plan.columns), place.unit, results);
}

// ---- Forward ----

// The vectors that come out, for one channel.
template <class T>
__device__ inline void write_statistics(const ForwardArrays<T>& arrays,
                                        const ForwardNumbers<T>& numbers, std::int64_t rows,
                                        std::int64_t channel, T mean, T variance) {
  T values[2] = {mean, variance};
  for (int i = 0; i < 2; ++i) arrays.saved[i][channel] = rows == 0 ? T{0} : values[i];
  if (numbers.training) values[1] *= numbers.unbiased;
  for (int i = 0; i < 2; ++i) {
    T value = rows == 0 ? std::numeric_limits<T>::quiet_NaN() : values[i];
    if (rows != 0 && numbers.training && numbers.factor != T{1}) {
      const T* old = i == 0 ? arrays.mean : arrays.variance;
      value = (T{1} - numbers.factor) * old[channel] + numbers.factor * value;
    }
    arrays.averages[i][channel] = value;
  }
}

// Mean, factor and offset of the tile's channels into `line`; the first row of blocks writes the
// statistics.
template <class T>
__device__ inline void prepare_line(const ForwardArrays<T>& arrays,
                                    const ForwardNumbers<T>& numbers, const BatchNormPlan& plan,
                                    const TileChannels& tile, T (&line)[3][kTileColumns]) {
  Moments moments;
  if (numbers.training && plan.rows > 0) {
    moments = detail::merge_parts<Moments>(
        arrays.parts, plan, tile, [&](const PartNumbers<T>& part, int number) {
          return Moments{{static_cast<double>(plan.part_rows(number)),
                          static_cast<double>(part.values[0]),
                          static_cast<double>(part.values[1])}};
        });
  }
  if (tile.mine) {
    const std::int64_t channel = tile.channel;
    T mean = 0;
    T variance = 0;
    if (plan.rows > 0) {
      mean = numbers.training ? static_cast<T>(moments.numbers[1]) : arrays.mean[channel];
      variance = numbers.training ? static_cast<T>(moments.numbers[2] / moments.numbers[0])
                                  : arrays.variance[channel];
    }
    line[0][threadIdx.x] = mean;
    line[1][threadIdx.x] = arrays.scale[channel] * inverse_deviation(variance, numbers.epsilon);
    line[2][threadIdx.x] = arrays.offset[channel];
    if (tile.writes) write_statistics(arrays, numbers, plan.rows, channel, mean, variance);
  }
  __syncthreads();
}

template <class T, int kVector>
__global__ void __launch_bounds__(kBlock)
    normalize_kernel(const ForwardArrays<T> arrays, const ForwardNumbers<T> numbers,
                     const __grid_constant__ BatchNormPlan plan) {
  __shared__ T line[3][kTileColumns];
  const TileChannels tile(plan, plan.width * kVector);
  prepare_line(arrays, numbers, plan, tile, line);
  const BatchNormPlace place(plan);
  if (!place.busy) return;
  T mine[3][kVector];
#pragma unroll
  for (int i = 0; i < 3; ++i) {
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      mine[i][k] = line[i][(place.local * kVector + k) % tile.count];
    }
  }
  const std::int64_t step = static_cast<std::int64_t>(gridDim.y) * plan.lanes;
#pragma unroll 4
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.y) * plan.lanes + place.lane;
       row < plan.rows; row += step) {
    const std::int64_t at = row * plan.columns + place.unit * kVector;
    auto values = load_vector<T, kVector>(arrays.x + at, 0);
#pragma unroll
    for (int k = 0; k < kVector; ++k) {
      const T y = (values.values[k] - mine[0][k]) * mine[1][k] + mine[2][k];
      values.values[k] = numbers.relu && y < T{0} ? T{0} : y;
    }
    store_vector(arrays.y + at, 0, values);
  }
}

template <class T, int kVector>
void forward_launch(KernelContext& context, const BatchNormPlan& plan, ForwardArrays<T> arrays,
                    const ForwardNumbers<T>& numbers) {
  RefPtr<Buffer> scratch;
  if (numbers.training && plan.rows > 0) {
    scratch = context.scratch(static_cast<std::size_t>(plan.parts * plan.columns) *
                              sizeof(PartNumbers<T>));
    arrays.parts = static_cast<PartNumbers<T>*>(scratch->data());
    device::cuda::launch<moments_kernel<T, kVector>>(
        context.device(), {.grid = {plan.tiles(), plan.parts}, .block = kBlock}, arrays.x,
        arrays.parts, plan);
  }
  device::cuda::launch<normalize_kernel<T, kVector>>(
      context.device(),
      {.grid = {plan.tiles(), detail::row_blocks(context.device(), plan, numbers.training)},
       .block = kBlock},
      arrays, numbers, plan);
}

template <class T>
void forward_of(KernelContext& context, bool relu) {
  const auto& args = context.attrs<FusedBatchNormArgs>();
  const ChannelRows size = detail::batch_norm_rows(context, context.shape(0));
  if (size.channels == 0) return;
  auto& device = context.device_context();
  const ChannelsLast in(device, context.input(0).spec(), args.data_format);
  const ChannelsLast out(device, context.output(0), args.data_format);
  const auto given = [&](int i) {
    return context.has_input(i) && context.shape(i).num_elements() != 0 ? context.in<T>(i)
                                                                        : nullptr;
  };
  ForwardArrays<T> arrays{.x = static_cast<const T*>(in.read(context.in<T>(0))),
                          .scale = context.in<T>(1),
                          .offset = context.in<T>(2),
                          .mean = given(3),
                          .variance = given(4),
                          .y = static_cast<T*>(out.place(context.out<T>(0))),
                          .averages = {context.out<T>(1), context.out<T>(2)},
                          .saved = {context.out<T>(3), context.out<T>(4)},
                          .parts = nullptr};
  const ForwardNumbers<T> numbers{
      .epsilon = static_cast<T>(args.epsilon),
      .factor = static_cast<T>(args.exponential_avg_factor),
      .unbiased =
          static_cast<T>(size.rows) / static_cast<T>(std::max<std::int64_t>(1, size.rows - 1)),
      .training = args.is_training,
      .relu = relu};
  constexpr int kVector = device::cuda::kVectorOf<T>;
  if (size.rows % BatchNormPlan::fold_of(size.channels, kVector) == 0 &&
      device::cuda::vectors_fit<kVector>(arrays.x, arrays.y)) {
    forward_launch<T, kVector>(context, {size.rows, size.channels, kVector}, arrays, numbers);
  } else {
    forward_launch<T, 1>(context, {size.rows, size.channels, 1}, arrays, numbers);
  }
  out.write(context.out<T>(0));
}

void forward(KernelContext& context, bool relu) {
  visit_dtype<float, double>(context.dtype(0), [&]<class T>() { forward_of<T>(context, relu); });
}

}  // namespace

void batch_norm_gpu(KernelContext& context) { forward(context, false); }
void batch_norm_relu_gpu(KernelContext& context) { forward(context, true); }

}  // namespace keen::op
