#include <algorithm>
#include <array>
#include <optional>

#include "kernels/detail/channels_last.h"
#include "kernels/detail/pool.cuh"
#include "kernels/detail/pool_shape.h"
#include "kernels/detail/wide_index.h"
#include "kernels/pool.h"
#include "runtime/device/cuda/vectors.cuh"

// Note [Pools on a GPU]
//
// Gradients are gathered: a pixel of the input looks at each window that holds it, in the order in
// which the CPU adds them up, so there are no atomics and the bits agree.

namespace keen::op {
namespace {

using detail::Compute;
using detail::FastDivisor;
using detail::PoolShape;
using detail::pools::find_maxima;
using detail::pools::kLanes;
using detail::pools::Lanes;
using detail::pools::lowest;
using detail::pools::Place;
using detail::pools::PoolPlan;
using detail::pools::Side;
using detail::pools::Span;
using detail::pools::window_span;
using detail::pools::windows_of;
using device::cuda::global_thread;
using device::cuda::global_threads;
using device::cuda::kLoopBlock;

template <class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    max_pool_kernel(const T* x, T* out, const __grid_constant__ PoolPlan plan) {
  constexpr int kCount = Lanes<T>::kCount;
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const Place place(plan, i);
    const Lanes<T> lanes(plan, place);
    const Span rows = window_span(plan.height, place.y);
    const Span columns = window_span(plan.width, place.x);
    Compute<T> best[kCount];
    for (int k = 0; k < kCount; ++k) best[k] = lowest<T>();
    for (int y = rows.begin; y < rows.end; ++y) {
      for (int at = columns.begin; at < columns.end; ++at) {
        const auto values = lanes.input(x, y, at);
        for (int k = 0; k < kCount; ++k) {
          const auto value = static_cast<Compute<T>>(values.values[k]);
          best[k] = value > best[k] ? value : best[k];
        }
      }
    }
    lanes.store(out, place, best);
  }
}

template <class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    max_pool_grad_kernel(const T* x, const T* dy, T* dx, const __grid_constant__ PoolPlan plan) {
  constexpr int kCount = Lanes<T>::kCount;
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const Place place(plan, i);
    const Lanes<T> lanes(plan, place);
    const Span rows = windows_of(plan.height, place.y);
    const Span columns = windows_of(plan.width, place.x);
    const int here = place.y * plan.width.input + place.x;
    Compute<T> sum[kCount] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      for (int at = columns.begin; at < columns.end; ++at) {
        int places[kCount];
        find_maxima(plan, lanes, x, window_span(plan.height, y), window_span(plan.width, at),
                    places);
        const auto values = lanes.output(dy, y, at);
        for (int k = 0; k < kCount; ++k) {
          if (places[k] == here) sum[k] += static_cast<Compute<T>>(values.values[k]);
        }
      }
    }
    lanes.store(dx, place, sum);
  }
}

// For each pixel of the output the element of `values` at its maximum; 0 for an empty window.
template <class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    max_pool_gather_kernel(const T* x, const T* values, T* out,
                           const __grid_constant__ PoolPlan plan) {
  constexpr int kCount = Lanes<T>::kCount;
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const Place place(plan, i);
    const Lanes<T> lanes(plan, place);
    const Span rows = window_span(plan.height, place.y);
    const Span columns = window_span(plan.width, place.x);
    int places[kCount];
    find_maxima(plan, lanes, x, rows, columns, places);
    Compute<T> found[kCount] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      for (int at = columns.begin; at < columns.end; ++at) {
        const auto here = lanes.input(values, y, at);
        for (int k = 0; k < kCount; ++k) {
          if (places[k] == y * plan.width.input + at) {
            found[k] = static_cast<Compute<T>>(here.values[k]);
          }
        }
      }
    }
    lanes.store(out, place, found);
  }
}

template <class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    avg_pool_kernel(const T* x, T* out, const __grid_constant__ PoolPlan plan) {
  constexpr int kCount = Lanes<T>::kCount;
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const Place place(plan, i);
    const Lanes<T> lanes(plan, place);
    const Span rows = window_span(plan.height, place.y);
    const Span columns = window_span(plan.width, place.x);
    Compute<T> sum[kCount] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      for (int at = columns.begin; at < columns.end; ++at) {
        const auto values = lanes.input(x, y, at);
        for (int k = 0; k < kCount; ++k) sum[k] += static_cast<Compute<T>>(values.values[k]);
      }
    }
    const auto count = static_cast<Compute<T>>(rows.size() * columns.size());
    for (int k = 0; k < kCount; ++k) sum[k] /= count;
    lanes.store(out, place, sum);
  }
}

template <class T>
__global__ void __launch_bounds__(kLoopBlock, 4)
    avg_pool_grad_kernel(const T* dy, T* dx, const __grid_constant__ PoolPlan plan) {
  constexpr int kCount = Lanes<T>::kCount;
  for (std::int64_t i = global_thread(); i < plan.n; i += global_threads()) {
    const Place place(plan, i);
    const Lanes<T> lanes(plan, place);
    const Span rows = windows_of(plan.height, place.y);
    const Span columns = windows_of(plan.width, place.x);
    Compute<T> sum[kCount] = {};
    for (int y = rows.begin; y < rows.end; ++y) {
      const int height = window_span(plan.height, y).size();
      for (int at = columns.begin; at < columns.end; ++at) {
        const int width = window_span(plan.width, at).size();
        const Compute<T> share = Compute<T>{1} / static_cast<Compute<T>>(height * width);
        const auto values = lanes.output(dy, y, at);
        for (int k = 0; k < kCount; ++k) {
          sum[k] += static_cast<Compute<T>>(values.values[k]) * share;
        }
      }
    }
    lanes.store(dx, place, sum);
  }
}

// ---- Launches ----

enum class Pixels { kInput, kOutput };

Side side_of(const detail::Window& w) {
  const auto number = [](std::int64_t value) { return static_cast<int>(value); };
  return {number(w.input), number(w.output), number(w.size), number(w.stride),
          number(w.pad_before)};
}

PoolPlan plan_of(const PoolShape& shape, Pixels pixels, int count) {
  const bool output = pixels == Pixels::kOutput;
  PoolPlan plan;
  plan.height = side_of(shape.height);
  plan.width = side_of(shape.width);
  plan.pixel_height = output ? plan.height.output : plan.height.input;
  plan.pixel_width = output ? plan.width.output : plan.width.input;
  plan.channels = shape.channels;
  plan.vectors = (shape.channels + count - 1) / count;
  plan.n = shape.batch * plan.pixel_height * plan.pixel_width * plan.vectors;
  plan.wide = plan.n >= detail::wide_index_limit();
  if (!plan.wide && plan.n > 0) {
    plan.by_vectors = FastDivisor(plan.vectors);
    plan.by_width = FastDivisor(plan.pixel_width);
    plan.by_height = FastDivisor(plan.pixel_height);
  }
  return plan;
}

// The arrays of a call, with their channels last.
class Arrays {
 public:
  Arrays(KernelContext& context, DataFormat format) : context_(context) {
    for (int i = 0; i < context.input_count(); ++i) {
      inputs_[i].emplace(context.device_context(), context.input(i).spec(), format);
    }
    output_.emplace(context.device_context(), context.output(0), format);
  }
  template <class T>
  [[nodiscard]] const T* in(int i) const {
    return static_cast<const T*>(inputs_[i]->read(context_.in<void>(i)));
  }
  template <class T>
  [[nodiscard]] T* out() const {
    return static_cast<T*>(output_->place(context_.out<void>(0)));
  }
  void finish() const { output_->write(context_.out<void>(0)); }

 private:
  KernelContext& context_;
  std::optional<detail::ChannelsLast> inputs_[3];
  std::optional<detail::ChannelsLast> output_;
};

// Launches kKernel<T>(pointers..., out, plan) for the inputs named.
template <class T, auto kKernel, class... I>
void launch_pool(KernelContext& context, const PoolShape& shape, Pixels pixels,
                 const Arrays& arrays, I... inputs) {
  PoolPlan plan = plan_of(shape, pixels, kLanes<T>);
  if (plan.n == 0) return;
  const std::array<const T*, sizeof...(I)> from{arrays.in<T>(inputs)...};
  T* const out = arrays.out<T>();
  plan.aligned = shape.channels % kLanes<T> == 0 && device::cuda::vectors_fit<kLanes<T>>(out);
  for (const T* each : from) {
    plan.aligned = plan.aligned && device::cuda::vectors_fit<kLanes<T>>(each);
  }
  std::apply(
      [&](auto... pointers) {
        device::cuda::launch<kKernel>(context.device(),
                                      device::cuda::loop_shape(context.device(), plan.n, 1),
                                      pointers..., out, plan);
      },
      from);
}

// Calls f<T>(arrays, geometry).
template <class F>
void run(KernelContext& context, const Shape& input, const Pool2DArgs& args, F&& f) {
  const PoolShape shape = pool_shape(context.op_name(), input, args);
  if (context.output(0).shape.num_elements() == 0) return;
  const Arrays arrays(context, args.data_format);
  visit_dtype<float, double, half, bfloat16>(
      context.dtype(0), [&]<class T>() { f.template operator()<T>(arrays, shape); });
  arrays.finish();
}

}  // namespace

void max_pool_gpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(),
      [&]<class T>(const Arrays& arrays, const PoolShape& shape) {
        launch_pool<T, max_pool_kernel<T>>(context, shape, Pixels::kOutput, arrays, 0);
      });
}

void max_pool_grad_gpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(),
      [&]<class T>(const Arrays& arrays, const PoolShape& shape) {
        launch_pool<T, max_pool_grad_kernel<T>>(context, shape, Pixels::kInput, arrays, 0, 2);
      });
}

void max_pool_grad_grad_gpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(),
      [&]<class T>(const Arrays& arrays, const PoolShape& shape) {
        launch_pool<T, max_pool_gather_kernel<T>>(context, shape, Pixels::kOutput, arrays, 0, 2);
      });
}

void avg_pool_gpu(KernelContext& context) {
  run(context, context.shape(0), context.attrs<Pool2DArgs>(),
      [&]<class T>(const Arrays& arrays, const PoolShape& shape) {
        launch_pool<T, avg_pool_kernel<T>>(context, shape, Pixels::kOutput, arrays, 0);
      });
}

void avg_pool_grad_gpu(KernelContext& context) {
  run(context, context.output(0).shape, context.attrs<AvgPoolGradArgs>().pool,
      [&]<class T>(const Arrays& arrays, const PoolShape& shape) {
        launch_pool<T, avg_pool_grad_kernel<T>>(context, shape, Pixels::kInput, arrays, 0);
      });
}

}  // namespace keen::op
