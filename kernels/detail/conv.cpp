#include "kernels/detail/conv.h"

#include <algorithm>

#include "kernels/detail/gemm.h"
#include "kernels/detail/onednn_conv.h"
#include "kernels/detail/scratch.h"
#include "runtime/device/cpu/parallel.h"

// Note [Convolution in float64]
//
// oneDNN has none, so image by image the windows are laid out as rows of a matrix (im2col) and
// multiplied with the filter as it is stored: [height * width * in, out]. It is there for checks of
// gradients and for programs that need the digits, not for speed.

namespace keen::detail {
namespace {

struct Columns {
  explicit Columns(const ConvShape& s)
      : rows(s.height.output * s.width.output),
        per_tap(s.in_channels / s.groups),
        width(s.height.size * s.width.size * per_tap) {}
  std::int64_t rows;     // one per output pixel
  std::int64_t per_tap;  // channels of one group
  std::int64_t width;    // one per weight of an output channel
};

// Calls visit(row, column, input offset or -1 for padding) for each tap of each output pixel.
template <class Visit>
void for_each_tap(const ConvShape& s, const Columns& columns, Visit&& visit) {
  const auto& h = s.height;
  const auto& w = s.width;
  for (std::int64_t oy = 0, row = 0; oy < h.output; ++oy) {
    for (std::int64_t ox = 0; ox < w.output; ++ox, ++row) {
      std::int64_t column = 0;
      for (std::int64_t ky = 0; ky < h.size; ++ky) {
        const std::int64_t iy = oy * h.stride - h.pad_before + ky * h.dilation;
        for (std::int64_t kx = 0; kx < w.size; ++kx, column += columns.per_tap) {
          const std::int64_t ix = ox * w.stride - w.pad_before + kx * w.dilation;
          const bool inside = iy >= 0 && iy < h.input && ix >= 0 && ix < w.input;
          visit(row, column, inside ? (iy * w.input + ix) * s.in_channels : -1);
        }
      }
    }
  }
}

// One group of one image as rows of windows.
void im2col(const ConvShape& s, const Columns& columns, const double* x, double* out) {
  for_each_tap(s, columns, [&](std::int64_t row, std::int64_t column, std::int64_t offset) {
    double* to = out + row * columns.width + column;
    if (offset < 0) {
      std::fill_n(to, columns.per_tap, 0.0);
    } else {
      std::copy_n(x + offset, columns.per_tap, to);
    }
  });
}

// Adds rows of windows back to the pixels they came from.
void col2im(const ConvShape& s, const Columns& columns, const double* in, double* x) {
  for_each_tap(s, columns, [&](std::int64_t row, std::int64_t column, std::int64_t offset) {
    if (offset < 0) return;
    const double* from = in + row * columns.width + column;
    for (std::int64_t c = 0; c < columns.per_tap; ++c) x[offset + c] += from[c];
  });
}

struct Group {
  const ConvShape& s;
  std::int64_t in, out, x_image, y_image;  // channels of a group, elements of an image

  explicit Group(const ConvShape& shape)
      : s(shape),
        in(s.in_channels / s.groups),
        out(s.out_channels / s.groups),
        x_image(s.height.input * s.width.input * s.in_channels),
        y_image(s.height.output * s.width.output * s.out_channels) {}
};

bool has_no_taps(const ConvShape& s) { return s.output_size() == 0 || s.filter_size() == 0; }

template <class T>
void fill_with_bias(const ConvShape& s, const T* bias, T* y) {
  const std::int64_t pixels = s.out_channels == 0 ? 0 : s.output_size() / s.out_channels;
  for (std::int64_t i = 0; i < pixels; ++i) {
    for (std::int64_t c = 0; c < s.out_channels; ++c) {
      y[i * s.out_channels + c] = bias == nullptr ? T{0} : bias[c];
    }
  }
}

}  // namespace

void conv_forward(device::DeviceContext& device, const ConvShape& shape, const float* x,
                  const float* w, const float* bias, float* y) {
  if (has_no_taps(shape)) {
    fill_with_bias(shape, bias, y);
  } else {
    onednn_conv_forward(device, shape, x, w, bias, y);
  }
}

void conv_forward(device::DeviceContext& device, const ConvShape& shape, const double* x,
                  const double* w, const double* bias, double* y) {
  fill_with_bias(shape, bias, y);
  if (has_no_taps(shape)) return;
  const Columns columns(shape);
  const Group group(shape);
  const Scratch windows = scratch_of<double>(device, columns.rows * columns.width);
  GemmShape product = GemmShape::dense(columns.rows, group.out, columns.width, false, false);
  product.ldb = product.ldc = shape.out_channels;
  product.accumulate = true;
  for (std::int64_t n = 0; n < shape.batch; ++n) {
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      im2col(shape, columns, x + n * group.x_image + g * group.in, windows.data<double>());
      gemm(device, product, windows.data<double>(), w + g * group.out,
           y + n * group.y_image + g * group.out);
    }
  }
}

void conv_backward_input(device::DeviceContext& device, const ConvShape& shape, const float* w,
                         const float* dy, float* dx) {
  if (has_no_taps(shape)) {
    std::fill_n(dx, shape.input_size(), 0.0F);
  } else {
    onednn_conv_backward_input(device, shape, w, dy, dx);
  }
}

void conv_backward_input(device::DeviceContext& device, const ConvShape& shape, const double* w,
                         const double* dy, double* dx) {
  std::fill_n(dx, shape.input_size(), 0.0);
  if (has_no_taps(shape)) return;
  const Columns columns(shape);
  const Group group(shape);
  const Scratch windows = scratch_of<double>(device, columns.rows * columns.width);
  GemmShape product = GemmShape::dense(columns.rows, columns.width, group.out, false, true);
  product.lda = product.ldb = shape.out_channels;
  for (std::int64_t n = 0; n < shape.batch; ++n) {
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      gemm(device, product, dy + n * group.y_image + g * group.out, w + g * group.out,
           windows.data<double>());
      col2im(shape, columns, windows.data<double>(), dx + n * group.x_image + g * group.in);
    }
  }
}

void conv_backward_filter(device::DeviceContext& device, const ConvShape& shape, const float* x,
                          const float* dy, float* dw) {
  if (has_no_taps(shape)) {
    std::fill_n(dw, shape.filter_size(), 0.0F);
  } else {
    onednn_conv_backward_filter(device, shape, x, dy, dw);
  }
}

void conv_backward_filter(device::DeviceContext& device, const ConvShape& shape, const double* x,
                          const double* dy, double* dw) {
  std::fill_n(dw, shape.filter_size(), 0.0);
  if (has_no_taps(shape)) return;
  const Columns columns(shape);
  const Group group(shape);
  const Scratch windows = scratch_of<double>(device, columns.rows * columns.width);
  GemmShape product = GemmShape::dense(columns.width, group.out, columns.rows, true, false);
  product.ldb = product.ldc = shape.out_channels;
  product.accumulate = true;
  for (std::int64_t n = 0; n < shape.batch; ++n) {
    for (std::int64_t g = 0; g < shape.groups; ++g) {
      im2col(shape, columns, x + n * group.x_image + g * group.in, windows.data<double>());
      gemm(device, product, windows.data<double>(), dy + n * group.y_image + g * group.out,
           dw + g * group.out);
    }
  }
}

}  // namespace keen::detail
