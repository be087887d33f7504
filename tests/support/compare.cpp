#include "tests/support/compare.h"

#include <cfloat>
#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/device/gpu.h"

namespace keen::test {
namespace {

// "(1, 0, 2)" for the element at `flat`.
std::string position(const Shape& shape, std::size_t flat) {
  std::vector<std::int64_t> at(static_cast<std::size_t>(shape.rank()));
  auto rest = static_cast<std::int64_t>(flat);
  for (int i = shape.rank() - 1; i >= 0; --i) {
    at[static_cast<std::size_t>(i)] = rest % shape.dim(i);
    rest /= shape.dim(i);
  }
  std::string out = "(";
  for (std::size_t i = 0; i < at.size(); ++i) out += (i == 0 ? "" : ", ") + std::to_string(at[i]);
  return out + ")";
}

template <class T>
double smallest_normal() {
  if constexpr (std::same_as<T, double>) return DBL_MIN;
  if constexpr (std::same_as<T, half>) return 0x1p-14;
  return FLT_MIN;
}

// Distance in units of the last place of a 16-bit type, with the two zeros as one.
template <class T>
int units_apart(T a, T b) {
  const auto ordered = [](T value) {
    const int magnitude = value.bits & 0x7FFF;
    return (value.bits & 0x8000) != 0 ? -magnitude : magnitude;
  };
  return std::abs(ordered(a) - ordered(b));
}

template <class T>
bool close(T got, T want, const Tolerance& tolerance) {
  if constexpr (std::same_as<T, std::string> || std::integral<T>) {
    return got == want;
  } else {
    auto a = static_cast<double>(got);
    auto b = static_cast<double>(want);
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (std::isinf(a) || std::isinf(b)) return a == b;
    if (std::fabs(a) < smallest_normal<T>()) a = 0;
    if (std::fabs(b) < smallest_normal<T>()) b = 0;
    if (std::fabs(a - b) <= tolerance.atol + tolerance.rtol * std::fabs(b)) return true;
    if constexpr (sizeof(T) == 2) return !tolerance.exact() && units_apart(got, want) <= 1;
    return false;
  }
}

template <class T>
std::string shown(const T& value) {
  if constexpr (std::same_as<T, std::string>) {
    return "'" + value + "'";
  } else if constexpr (std::floating_point<T> || sizeof(T) == 2) {
    return text(static_cast<double>(value));
  } else {
    return text(static_cast<std::int64_t>(value));
  }
}

template <class T>
std::string element_difference(const std::string& what, const Tensor& got, const Tensor& want,
                               const auto& same) {
  const std::vector<T> a = got.to_vector<T>();
  const std::vector<T> b = want.to_vector<T>();
  std::size_t first = a.size();
  std::size_t count = 0;
  for (std::size_t i = a.size(); i-- > 0;) {
    if (same(static_cast<T>(a[i]), static_cast<T>(b[i]))) continue;
    first = i;
    ++count;
  }
  if (count == 0) return "";
  return text(what, ": ", count, " of ", a.size(), " elements differ, first at ",
              position(got.shape(), first), ": got ", shown<T>(a[first]), ", want ",
              shown<T>(b[first]));
}

template <class Same>
std::string compare(const std::string& what, const Tensor& got, const Tensor& want,
                    const Same& same) {
  if (got.defined() != want.defined()) {
    return what + (want.defined() ? ": got none" : ": got a tensor, want none");
  }
  if (!got.defined()) return "";
  if (got.spec() != want.spec()) return text(what, ": got ", got.spec(), ", want ", want.spec());
  std::string result;
  visit_dtype<float, double, half, bfloat16, std::int8_t, std::int16_t, std::int32_t, std::int64_t,
              std::uint8_t, bool, std::string>(
      got.dtype(), [&]<class T>() { result = element_difference<T>(what, got, want, same); });
  return result;
}

}  // namespace

std::string difference(const std::string& what, const Tensor& got, const Tensor& want,
                       const Tolerance& tolerance) {
  return compare(what, got, want,
                 [&]<class T>(const T& a, const T& b) { return close<T>(a, b, tolerance); });
}

std::string exact_difference(const std::string& what, const Tensor& got, const Tensor& want) {
  return compare(what, got, want, []<class T>(const T& a, const T& b) {
    if constexpr (std::same_as<T, std::string>) {
      return a == b;
    } else {
      // The bits of numbers are what is asked for.
      // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      return std::memcmp(&a, &b, sizeof a) == 0;
    }
  });
}

std::string drawn_difference(const std::string& what, const Tensor& got, const Tensor& want) {
  if (device::gpu_count() == 0 || !got.defined() || !is_floating(got.dtype())) {
    return exact_difference(what, got, want);
  }
  const double unit = got.dtype() == DType::kFloat64   ? 0x1p-52
                      : got.dtype() == DType::kFloat32 ? 0x1p-23
                      : got.dtype() == DType::kFloat16 ? 0x1p-10
                                                       : 0x1p-7;
  return difference(what, got, want, {8 * unit, unit});
}

}  // namespace keen::test
