#include <algorithm>
#include <limits>

#include "kernels/detail/compute_type.h"
#include "kernels/detail/conv_gpu.h"
#include "kernels/detail/conv_operands.cuh"
#include "kernels/detail/tiled_product.cuh"
#include "kernels/detail/wide_index.h"
#include "runtime/device/buffer.h"

// Note [Convolution as a product]
//
// Each direction is a product of matrices, one of which is never laid out in memory:
//
//   direction        rows            depth                  columns
//   forward          output pixels   taps x input channels  output channels
//   backward input   input pixels    taps x output channels input channels
//   backward filter  taps x inputs   output pixels          output channels
//
// of a group. What a window does not find on its input is zero. The gradient of the filter sums
// over all pixels, so its depth is cut into parts, as many as the shapes alone say, whose sums are
// added up in a second launch in order.

namespace keen::detail {
namespace {

using device::cuda::global_thread;
using device::cuda::global_threads;

// Which tile of which group and part a block computes.
template <class Index>
struct Place {
  __device__ explicit Place(const Geometry<Index>& g) {
    auto tile = static_cast<Index>(blockIdx.x);
    column = tile % g.column_tiles * kProductTile;
    tile /= g.column_tiles;
    row = tile % g.row_tiles * kProductTile;
    tile /= g.row_tiles;
    group = tile % g.groups;
    part = tile / g.groups;
  }
  Index row, column, group, part;
};

template <class T, class Index>
__global__ void __launch_bounds__(kProductBlock)
    conv_forward_kernel(const T* x, const T* w, const T* bias, T* out,
                        const __grid_constant__ Geometry<Index> g) {
  using Sum = Compute<T>;
  const Place<Index> place(g);
  const Index first = place.group * g.group_out;
  const WindowOperand<T, Index, false, true> windows{x + place.group * g.group_in, g};
  const MatrixOperand<T, Index, false> filter{w + first, g.group_out, g.depth, 1, g.out_channels};
  tiled_product(windows, filter, place.row, place.column, Index{0}, g.depth, Sum{},
                [&](Index row, Index column, Sum sum) {
                  if (row >= g.rows || column >= g.columns) return;
                  if (bias != nullptr) sum += static_cast<Sum>(bias[first + column]);
                  out[row * g.out_channels + first + column] = static_cast<T>(sum);
                });
}

template <class T, class Index>
__global__ void __launch_bounds__(kProductBlock)
    conv_backward_input_kernel(const T* w, const T* dy, T* out,
                               const __grid_constant__ Geometry<Index> g) {
  using Sum = Compute<T>;
  const Place<Index> place(g);
  const WindowOperand<T, Index, true, true> windows{dy + place.group * g.group_out, g};
  const FilterOperand<T, Index> filter{w + place.group * g.group_out, g};
  const Index first = place.group * g.group_in;
  tiled_product(windows, filter, place.row, place.column, Index{0}, g.depth, Sum{},
                [&](Index row, Index column, Sum sum) {
                  if (row >= g.rows || column >= g.columns) return;
                  out[row * g.in_channels + first + column] = static_cast<T>(sum);
                });
}

// Writes to `parts`, one filter after the other, if it is not null.
template <class T, class Index>
__global__ void __launch_bounds__(kProductBlock, 2)
    conv_backward_filter_kernel(const T* x, const T* dy, T* out, Compute<T>* parts,
                                const __grid_constant__ Geometry<Index> g) {
  using Sum = Compute<T>;
  const Place<Index> place(g);
  const Index first = place.group * g.group_out;
  const WindowOperand<T, Index, false, false> windows{x + place.group * g.group_in, g};
  const MatrixOperand<T, Index, false> gradient{dy + first, g.group_out, g.depth, 1,
                                                g.out_channels};
  const Index begin = place.part * g.depth_part;
  const Index end = g.depth - begin < g.depth_part ? g.depth : begin + g.depth_part;
  tiled_product(windows, gradient, place.row, place.column, begin, end, Sum{},
                [&](Index row, Index column, Sum sum) {
                  if (row >= g.rows || column >= g.columns) return;
                  const Index at = row * g.out_channels + first + column;
                  if (parts != nullptr) {
                    parts[place.part * (g.rows * g.out_channels) + at] = sum;
                  } else {
                    out[at] = static_cast<T>(sum);
                  }
                });
}

template <class T>
__global__ void __launch_bounds__(device::cuda::kLoopBlock)
    add_parts_kernel(const Compute<T>* parts, std::int64_t count, T* out, std::int64_t n) {
  for (std::int64_t i = global_thread(); i < n; i += global_threads()) {
    Compute<T> sum = parts[i];
    for (std::int64_t part = 1; part < count; ++part) sum += parts[part * n + i];
    out[i] = static_cast<T>(sum);
  }
}

// ---- Launches ----

constexpr std::int64_t kLeastDepthPart = 256;
constexpr std::int64_t kEnoughBlocks = 1024;

// Parts of the depth of the filter's gradient, by the shapes alone.
std::int64_t parts_of(std::int64_t tiles, std::int64_t depth) {
  const std::int64_t most = (depth + kLeastDepthPart - 1) / kLeastDepthPart;
  return std::clamp<std::int64_t>(kEnoughBlocks / std::max<std::int64_t>(1, tiles), 1,
                                  std::max<std::int64_t>(1, most));
}

template <class Index>
Side<Index> side_of(const Window& w) {
  const auto index = [](std::int64_t value) { return static_cast<Index>(value); };
  return {index(w.input),    index(w.output),     index(w.stride),
          index(w.dilation), index(w.pad_before), IndexDivisor<Index>(w.stride)};
}

struct Sizes {
  explicit Sizes(const ConvCall& call) {
    const ConvShape& s = call.shape;
    const std::int64_t taps = s.height.size * s.width.size;
    const std::int64_t inputs = s.in_channels / s.groups;
    const std::int64_t outputs = s.out_channels / s.groups;
    const std::int64_t input_pixels = s.batch * s.height.input * s.width.input;
    const std::int64_t output_pixels = s.batch * s.height.output * s.width.output;
    switch (call.direction) {
      case ConvDirection::kForward:
        rows = output_pixels, columns = outputs, depth = taps * inputs;
        break;
      case ConvDirection::kBackwardInput:
        rows = input_pixels, columns = inputs, depth = taps * outputs;
        break;
      case ConvDirection::kBackwardFilter:
        rows = taps * inputs, columns = outputs, depth = output_pixels;
        break;
    }
    tiles = product_tiles(rows) * product_tiles(columns) * s.groups;
    if (call.direction == ConvDirection::kBackwardFilter) parts = parts_of(tiles, depth);
    depth_part = (depth + parts - 1) / parts;
  }
  std::int64_t rows = 0, columns = 0, depth = 0, tiles = 0, parts = 1, depth_part = 0;
};

template <class Index>
Geometry<Index> geometry_of(const ConvCall& call, const Sizes& sizes) {
  const ConvShape& s = call.shape;
  const bool gradient = call.direction == ConvDirection::kBackwardInput;
  const auto index = [](std::int64_t value) { return static_cast<Index>(value); };
  Geometry<Index> g;
  g.height = side_of<Index>(s.height);
  g.width = side_of<Index>(s.width);
  g.in_channels = index(s.in_channels);
  g.out_channels = index(s.out_channels);
  g.group_in = index(s.in_channels / s.groups);
  g.group_out = index(s.out_channels / s.groups);
  g.taps = index(s.height.size * s.width.size);
  g.input_pixels = index(s.batch * s.height.input * s.width.input);
  g.output_pixels = index(s.batch * s.height.output * s.width.output);
  g.rows = index(sizes.rows);
  g.columns = index(sizes.columns);
  g.depth = index(sizes.depth);
  g.depth_part = index(sizes.depth_part);
  g.row_tiles = index(product_tiles(sizes.rows));
  g.column_tiles = index(product_tiles(sizes.columns));
  g.groups = index(s.groups);
  const std::int64_t plane_height = gradient ? s.height.input : s.height.output;
  const std::int64_t plane_width = gradient ? s.width.input : s.width.output;
  g.by_plane = IndexDivisor<Index>(plane_height * plane_width);
  g.by_width = IndexDivisor<Index>(plane_width);
  g.by_channels = IndexDivisor<Index>(gradient ? g.group_out : g.group_in);
  g.by_taps_wide = IndexDivisor<Index>(s.width.size);
  return g;
}

template <class T, class Index>
void launch_conv(device::DeviceContext& device, const ConvCall& call) {
  const Sizes sizes(call);
  const Geometry<Index> g = geometry_of<Index>(call, sizes);
  const device::cuda::LaunchShape launch{.grid = sizes.tiles * sizes.parts, .block = kProductBlock};
  const auto* first = static_cast<const T*>(call.first);
  const auto* second = static_cast<const T*>(call.second);
  auto* result = static_cast<T*>(call.result);
  if (call.direction == ConvDirection::kForward) {
    device::cuda::launch<conv_forward_kernel<T, Index>>(
        device.device(), launch, first, second, static_cast<const T*>(call.bias), result, g);
    return;
  }
  if (call.direction == ConvDirection::kBackwardInput) {
    device::cuda::launch<conv_backward_input_kernel<T, Index>>(device.device(), launch, first,
                                                               second, result, g);
    return;
  }
  const std::int64_t n = call.shape.filter_size();
  RefPtr<Buffer> parts;
  Compute<T>* sums = nullptr;
  if (sizes.parts > 1) {
    const auto bytes = static_cast<std::size_t>(sizes.parts * n) * sizeof(Compute<T>);
    parts = Buffer::allocate(device.device(), bytes);
    sums = static_cast<Compute<T>*>(parts->data());
  }
  device::cuda::launch<conv_backward_filter_kernel<T, Index>>(device.device(), launch, first,
                                                              second, result, sums, g);
  if (sums == nullptr) return;
  device::cuda::launch<add_parts_kernel<T>>(device.device(),
                                            device::cuda::loop_shape(device.device(), n, 1), sums,
                                            sizes.parts, result, n);
}

// Whether an index of some array, or of a padded plane, needs 64 bits.
bool needs_wide_index(const ConvCall& call) {
  const ConvShape& s = call.shape;
  const auto reach = [](const Window& w) {
    return w.input + w.pad_before + w.pad_after + w.extent() + w.output * w.stride;
  };
  const Sizes sizes(call);
  const std::int64_t margin = kProductTile;  // rows and depths beyond the last one are counted, too
  return std::max({s.input_size(), s.output_size(), s.filter_size() * sizes.parts, s.batch,
                   reach(s.height), reach(s.width), (sizes.rows + margin) * s.out_channels,
                   (sizes.columns + margin) * s.out_channels,
                   (sizes.depth + margin) * s.out_channels, sizes.tiles * sizes.parts}) >=
         wide_index_limit();
}

}  // namespace

void own_conv(device::DeviceContext& device, const ConvCall& call) {
  const bool wide = needs_wide_index(call);
  visit_dtype<float, double, half, bfloat16>(call.dtype, [&]<class T>() {
    if (wide) {
      launch_conv<T, std::int64_t>(device, call);
    } else {
      launch_conv<T, std::int32_t>(device, call);
    }
  });
}

}  // namespace keen::detail
