#include "kernels/detail/window_copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/detail/strided_copy.h"

namespace keen::detail {
namespace {

void fill(void* to, std::int64_t n, std::size_t element_bytes, std::uint64_t value) {
  if (value == 0) {
    std::memset(to, 0, static_cast<std::size_t>(n) * element_bytes);
  } else if (element_bytes == 1) {
    std::fill_n(static_cast<std::uint8_t*>(to), n, static_cast<std::uint8_t>(value));
  } else if (element_bytes == 2) {
    std::fill_n(static_cast<std::uint16_t*>(to), n, static_cast<std::uint16_t>(value));
  } else if (element_bytes == 4) {
    std::fill_n(static_cast<std::uint32_t*>(to), n, static_cast<std::uint32_t>(value));
  } else {
    std::fill_n(static_cast<std::uint64_t*>(to), n, value);
  }
}

}  // namespace

// Dimensions that are taken whole join the one around them.
void WindowCopy::add(const Dim& dim) {
  const bool whole = dim.begin == 0 && dim.stride == 1 && dim.count == dim.size;
  if (whole && rank_ > 0) {
    Dim& outer = dims_[static_cast<std::size_t>(rank_ - 1)];
    if (outer.stride == 1) {
      outer = {outer.size * dim.size, outer.begin * dim.size, 1, outer.count * dim.size};
      return;
    }
  }
  dims_[static_cast<std::size_t>(rank_++)] = dim;
}

void WindowCopy::run(device::DeviceContext& device, const void* from, void* to,
                     std::size_t element_bytes, std::uint64_t value) const {
#ifdef KEEN_HAS_CUDA
  if (device.device().type == DeviceType::kGpu) {
    run_gpu(device.device(), from, to, element_bytes, value);
    return;
  }
#endif
  std::array<std::int64_t, Shape::kMaxRank> reads{};
  std::array<std::int64_t, Shape::kMaxRank> writes{};
  std::int64_t read = 1;
  std::int64_t write = 1;
  std::int64_t first = 0;
  for (int i = rank_ - 1; i >= 0; --i) {
    const auto d = static_cast<std::size_t>(i);
    reads[d] = read;
    writes[d] = dims_[d].stride * write;
    first += dims_[d].begin * write;
    read *= dims_[d].count;
    write *= dims_[d].size;
  }
  if (read != write) fill(to, write, element_bytes, value);
  if (read == 0) return;
  StridedCopy copy;
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank_); ++d) {
    copy.add(dims_[d].count, reads[d], writes[d]);
  }
  auto* start = static_cast<unsigned char*>(to) + first * static_cast<std::int64_t>(element_bytes);
  copy.run(device, from, start, element_bytes);
}

}  // namespace keen::detail
