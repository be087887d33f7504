#include "tests/support/bits.h"

#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"

namespace keen::test {

void BitDigest::add_bytes(const void* bytes, std::size_t count) {
  const auto* byte = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i < count; ++i) value_ = (value_ ^ byte[i]) * 0x100000001b3;
}

void BitDigest::add(const Tensor& tensor) {
  const std::string spec = tensor.defined() ? text(tensor.spec()) : "none";
  add_bytes(spec.data(), spec.size());
  if (!tensor.defined()) return;
  const Tensor here = copy_to(tensor, cpu());
  const std::int64_t n = here.num_elements();
  const auto of = [&]<class T>() { return static_cast<const T*>(here.impl().buffer->data()); };
  const bool floating = visit_dtype<float, double, half, bfloat16>(here.dtype(), [&]<class T>() {
    for (const T& each : std::span(of.template operator()<T>(), static_cast<std::size_t>(n))) {
      const bool is_nan = std::isnan(static_cast<float>(each));
      const T value = is_nan ? static_cast<T>(std::numeric_limits<float>::quiet_NaN()) : each;
      add_bytes(&value, sizeof value);
    }
  });
  if (floating) return;
  if (here.dtype() != DType::kString) {
    add_bytes(of.operator()<unsigned char>(), static_cast<std::size_t>(n) * size_of(here.dtype()));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const std::string& each = of.operator()<std::string>()[i];
    add_bytes(each.c_str(), each.size() + 1);
  }
}

}  // namespace keen::test
