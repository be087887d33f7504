// The factors of convolutions as products: Note [Convolution as a product] in own_conv.cu.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels/detail/index_divisor.cuh"

namespace keen::detail {

// One spatial dimension.
template <class Index>
struct Side {
  Index input;
  Index output;
  Index stride;
  Index dilation;
  Index pad;
  IndexDivisor<Index> by_stride;
};

template <class Index>
struct Geometry {
  Side<Index> height;
  Side<Index> width;
  Index in_channels;
  Index out_channels;
  Index group_in;
  Index group_out;
  Index taps;
  Index input_pixels;
  Index output_pixels;
  Index rows;  // of the product, of one group
  Index columns;
  Index depth;
  Index depth_part;  // of one block
  Index row_tiles;
  Index column_tiles;
  Index groups;
  // Of pixels into image, row and column, and of taps with channels into row, column and channel.
  IndexDivisor<Index> by_plane, by_width, by_channels, by_taps_wide;
};

// The elements that windows find: rows or depths are pixels of one image plane, the other one taps
// with channels of the other plane.
//
// kGradient: pixels are those of the input, and the elements those of the output that read them.
// kPixelRows: pixels are rows.
template <class T, class Index, bool kGradient, bool kPixelRows>
struct WindowOperand {
  static constexpr bool kDepthFastest = kPixelRows;
  struct Pixel {
    Index base;  // of the image and the group
    Index y, x;  // of the window's first tap, or, for a gradient, of the pixel in the padded input
    bool inside;
  };
  struct Tap {
    Index y, x, channel;
    bool inside;
  };
  using Row = std::conditional_t<kPixelRows, Pixel, Tap>;
  using Step = std::conditional_t<kPixelRows, Tap, Pixel>;

  const T* data;  // from the group's first channel
  const Geometry<Index>& g;

  __device__ Index source_height() const { return kGradient ? g.height.output : g.height.input; }
  __device__ Index source_width() const { return kGradient ? g.width.output : g.width.input; }
  __device__ Index source_channels() const { return kGradient ? g.out_channels : g.in_channels; }

  __device__ Pixel pixel(Index at) const {
    Pixel result;
    result.inside = at < (kGradient ? g.input_pixels : g.output_pixels);
    const Index image = g.by_plane.split(&at);
    const Index y = g.by_width.split(&at);
    result.base = image * source_height() * source_width() * source_channels();
    if constexpr (kGradient) {
      result.y = y + g.height.pad;
      result.x = at + g.width.pad;
    } else {
      result.y = y * g.height.stride - g.height.pad;
      result.x = at * g.width.stride - g.width.pad;
    }
    return result;
  }
  __device__ Tap tap(Index at) const {
    Tap result;
    result.inside = at < g.taps * (kGradient ? g.group_out : g.group_in);
    Index place = g.by_channels.split(&at);
    result.channel = at;
    result.y = g.by_taps_wide.split(&place) * g.height.dilation;
    result.x = place * g.width.dilation;
    return result;
  }
  __device__ Row row(Index i) const {
    if constexpr (kPixelRows) {
      return pixel(i);
    } else {
      return tap(i);
    }
  }
  __device__ Step step(Index k) const {
    if constexpr (kPixelRows) {
      return tap(k);
    } else {
      return pixel(k);
    }
  }
  __device__ T find(const Pixel& pixel, const Tap& tap) const {
    if (!pixel.inside || !tap.inside) return T(0.0F);
    Index y;
    Index x;
    if constexpr (kGradient) {
      y = pixel.y - tap.y;
      x = pixel.x - tap.x;
      if (y < 0 || x < 0) return T(0.0F);
      Index rest_y = y;
      Index rest_x = x;
      y = g.height.by_stride.split(&rest_y);
      x = g.width.by_stride.split(&rest_x);
      if (rest_y != 0 || rest_x != 0) return T(0.0F);
    } else {
      y = pixel.y + tap.y;
      x = pixel.x + tap.x;
      if (y < 0 || x < 0) return T(0.0F);
    }
    if (y >= source_height() || x >= source_width()) return T(0.0F);
    return data[pixel.base + (y * source_width() + x) * source_channels() + tap.channel];
  }
  __device__ T load(const Row& row, const Step& step) const {
    if constexpr (kPixelRows) {
      return find(row, step);
    } else {
      return find(step, row);
    }
  }
};

// The filter for the gradient of the input: rows are input channels, depths taps with output
// channels.
template <class T, class Index>
struct FilterOperand {
  static constexpr bool kDepthFastest = true;
  struct Row {
    Index offset;
    bool inside;
  };
  using Step = Row;

  const T* data;
  const Geometry<Index>& g;

  __device__ Row row(Index i) const { return {i * g.out_channels, i < g.group_in}; }
  __device__ Step step(Index k) const {
    Step result;
    result.inside = k < g.taps * g.group_out;
    const Index tap = g.by_channels.split(&k);
    result.offset = tap * g.group_in * g.out_channels + k;
    return result;
  }
  __device__ T load(const Row& row, const Step& step) const {
    return row.inside && step.inside ? data[row.offset + step.offset] : T(0.0F);
  }
};

}  // namespace keen::detail
