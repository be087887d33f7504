#include "kernels/detail/pool.h"

#include <algorithm>
#include <limits>

#include "runtime/device/cpu/parallel.h"
#include "runtime/device/device_context.h"

namespace keen::detail {
namespace {

constexpr std::int64_t kGrain = 16 * 1024;  // taps that are worth a thread
constexpr std::int64_t kChannelBlock = 64;  // channels that a window is searched for at once

// The part of one window that lies on the input.
struct Span {
  Span(const Window& window, std::int64_t output) {
    const std::int64_t start = output * window.stride - window.pad_before;
    begin = std::max<std::int64_t>(start, 0);
    end = std::min(start + window.size, window.input);
  }
  [[nodiscard]] std::int64_t size() const { return std::max<std::int64_t>(0, end - begin); }
  std::int64_t begin;
  std::int64_t end;
};

// Images that a thread takes at least.
std::int64_t image_grain(const PoolShape& s) {
  const std::int64_t taps = s.height.output * s.width.output * s.height.size * s.width.size;
  return 1 + kGrain / std::max<std::int64_t>(1, taps * s.channels);
}

// Calls work(input offset, output offset, rows, columns) for each window of each image, images in
// parallel. Offsets are in elements; the input's is that of the image.
template <class Work>
void for_each_window(device::DeviceContext& device, const PoolShape& s, Work&& work) {
  const std::int64_t in_image = s.height.input * s.width.input * s.channels;
  const std::int64_t out_image = s.height.output * s.width.output * s.channels;
  device::cpu::parallel_for(
      device.threads(), s.batch, image_grain(s), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t n = begin; n < end; ++n) {
          std::int64_t out = n * out_image;
          for (std::int64_t oy = 0; oy < s.height.output; ++oy) {
            const Span rows(s.height, oy);
            for (std::int64_t ox = 0; ox < s.width.output; ++ox, out += s.channels) {
              work(n * in_image, out, rows, Span(s.width, ox));
            }
          }
        }
      });
}

// Calls tap(offset in the image) for each element of the first channel of a window.
template <class Tap>
void for_each_tap(const PoolShape& s, const Span& rows, const Span& columns, Tap&& tap) {
  for (std::int64_t y = rows.begin; y < rows.end; ++y) {
    for (std::int64_t x = columns.begin; x < columns.end; ++x) {
      tap((y * s.width.input + x) * s.channels);
    }
  }
}

// Calls found(channel, offset in the image) with the place of the first maximum of each channel.
template <class T, class Found>
void find_maxima(const PoolShape& s, const T* image, const Span& rows, const Span& columns,
                 Found&& found) {
  T best[kChannelBlock];
  std::int64_t place[kChannelBlock];
  for (std::int64_t c0 = 0; c0 < s.channels; c0 += kChannelBlock) {
    const std::int64_t count = std::min(kChannelBlock, s.channels - c0);
    bool first = true;
    for_each_tap(s, rows, columns, [&](std::int64_t offset) {
      const T* x = image + offset + c0;
      for (std::int64_t c = 0; c < count; ++c) {
        const bool larger = first || best[c] < x[c];
        best[c] = larger ? x[c] : best[c];
        place[c] = larger ? offset + c0 + c : place[c];
      }
      first = false;
    });
    if (first) continue;
    for (std::int64_t c = 0; c < count; ++c) found(c0 + c, place[c]);
  }
}

std::int64_t input_size(const PoolShape& s) {
  return s.batch * s.height.input * s.width.input * s.channels;
}

}  // namespace

template <class T>
void max_pool(device::DeviceContext& device, const PoolShape& shape, const T* x, T* y) {
  for_each_window(device, shape,
                  [&](std::int64_t in, std::int64_t out, const Span& rows, const Span& columns) {
                    T* to = y + out;
                    std::fill_n(to, shape.channels, std::numeric_limits<T>::lowest());
                    for_each_tap(shape, rows, columns, [&](std::int64_t offset) {
                      const T* from = x + in + offset;
#pragma omp simd
                      for (std::int64_t c = 0; c < shape.channels; ++c) {
                        to[c] = from[c] > to[c] ? from[c] : to[c];
                      }
                    });
                  });
}

template <class T>
void max_pool_gradient(device::DeviceContext& device, const PoolShape& shape, const T* x,
                       const T* dy, T* dx) {
  std::fill_n(dx, input_size(shape), T{0});
  for_each_window(
      device, shape, [&](std::int64_t in, std::int64_t out, const Span& rows, const Span& columns) {
        find_maxima(shape, x + in, rows, columns, [&](std::int64_t channel, std::int64_t place) {
          dx[in + place] += dy[out + channel];
        });
      });
}

template <class T>
void max_pool_gather(device::DeviceContext& device, const PoolShape& shape, const T* x,
                     const T* values, T* out) {
  for_each_window(
      device, shape, [&](std::int64_t in, std::int64_t at, const Span& rows, const Span& columns) {
        std::fill_n(out + at, shape.channels, T{0});
        find_maxima(shape, x + in, rows, columns, [&](std::int64_t channel, std::int64_t place) {
          out[at + channel] = values[in + place];
        });
      });
}

template <class T>
void average_pool(device::DeviceContext& device, const PoolShape& shape, const T* x, T* y) {
  for_each_window(device, shape,
                  [&](std::int64_t in, std::int64_t out, const Span& rows, const Span& columns) {
                    T* to = y + out;
                    std::fill_n(to, shape.channels, T{0});
                    for_each_tap(shape, rows, columns, [&](std::int64_t offset) {
                      const T* from = x + in + offset;
#pragma omp simd
                      for (std::int64_t c = 0; c < shape.channels; ++c) to[c] += from[c];
                    });
                    const T count = static_cast<T>(rows.size() * columns.size());
                    for (std::int64_t c = 0; c < shape.channels; ++c) to[c] /= count;
                  });
}

template <class T>
void average_pool_gradient(device::DeviceContext& device, const PoolShape& shape, const T* dy,
                           T* dx) {
  std::fill_n(dx, input_size(shape), T{0});
  for_each_window(device, shape,
                  [&](std::int64_t in, std::int64_t out, const Span& rows, const Span& columns) {
                    const T* from = dy + out;
                    const T share = T{1} / static_cast<T>(rows.size() * columns.size());
                    for_each_tap(shape, rows, columns, [&](std::int64_t offset) {
                      T* to = dx + in + offset;
#pragma omp simd
                      for (std::int64_t c = 0; c < shape.channels; ++c) to[c] += from[c] * share;
                    });
                  });
}

#define KEEN_INSTANTIATE(T)                                                                        \
  template void max_pool(device::DeviceContext&, const PoolShape&, const T*, T*);                  \
  template void max_pool_gradient(device::DeviceContext&, const PoolShape&, const T*, const T*,    \
                                  T*);                                                             \
  template void max_pool_gather(device::DeviceContext&, const PoolShape&, const T*, const T*, T*); \
  template void average_pool(device::DeviceContext&, const PoolShape&, const T*, T*);              \
  template void average_pool_gradient(device::DeviceContext&, const PoolShape&, const T*, T*)
KEEN_INSTANTIATE(float);
KEEN_INSTANTIATE(double);
#undef KEEN_INSTANTIATE

}  // namespace keen::detail
