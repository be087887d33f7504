#include "runtime/tensor/print_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "runtime/base/text.h"

namespace keen::detail {
namespace {

constexpr std::size_t kMaxDigits = 512;  // 2^1023 in fixed form, and a fraction

template <class... Format>
std::string chars(Format... format) {
  char buffer[kMaxDigits];
  const auto result = std::to_chars(buffer, buffer + sizeof buffer, format...);
  return {buffer, result.ptr};
}

// The fewest digits that give the value back: "-1.25e-05".
std::string shortest(double value, DType dtype) {
  constexpr auto kForm = std::chars_format::scientific;
  if (dtype == DType::kFloat32) return chars(static_cast<float>(value), kForm);
  if (dtype != DType::kFloat16) return chars(value, kForm);
  std::string digits;
  for (int precision = 0; precision <= 8; ++precision) {
    digits = chars(value, kForm, precision);
    const half back(static_cast<float>(std::strtod(digits.c_str(), nullptr)));
    if (static_cast<double>(back) == value) break;
  }
  return digits;
}

void trim_zeros(std::string& fraction) {
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
}

// "-1.25e-05" in parts.
Decimal parts_of(const std::string& digits) {
  const std::size_t e = digits.find('e');
  const std::size_t mantissa_end = e == std::string::npos ? digits.size() : e;
  const std::size_t point = std::min(digits.find('.'), mantissa_end);
  Decimal result{.whole = digits.substr(0, point)};
  if (point < mantissa_end) result.fraction = digits.substr(point + 1, mantissa_end - point - 1);
  trim_zeros(result.fraction);
  if (e != std::string::npos) result.exponent = std::atoi(digits.c_str() + e + 1);
  return result;
}

// The digits of scientific form, with the point moved to its place.
Decimal moved_point(const Decimal& from) {
  const bool negative = from.whole.front() == '-';
  std::string digits = from.whole.substr(negative ? 1 : 0) + from.fraction;
  Decimal result{.whole = negative ? "-" : ""};
  if (from.exponent < 0) {
    result.whole += '0';
    result.fraction = std::string(static_cast<std::size_t>(-from.exponent - 1), '0') + digits;
  } else {
    const auto whole = static_cast<std::size_t>(from.exponent) + 1;
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    result.whole += digits.substr(0, whole);
    result.fraction = digits.substr(whole);
  }
  trim_zeros(result.fraction);
  return result;
}

}  // namespace

Decimal scientific(double value, DType dtype, int precision) {
  Decimal result = parts_of(shortest(value, dtype));
  if (precision >= 0 && result.fraction.size() > static_cast<std::size_t>(precision)) {
    result = parts_of(chars(value, std::chars_format::scientific, precision));
  }
  return result;
}

Decimal positional(double value, DType dtype, int precision) {
  Decimal result = moved_point(parts_of(shortest(value, dtype)));
  if (precision >= 0 && result.fraction.size() > static_cast<std::size_t>(precision)) {
    result = parts_of(chars(value, std::chars_format::fixed, precision));
  }
  return result;
}

std::string exponent_text(int exponent) {
  const std::string digits = std::to_string(std::abs(exponent));
  return (exponent < 0 ? "-" : "+") + std::string(digits.size() < 2 ? "0" : "") + digits;
}

std::string python_number(double value, DType dtype) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::fabs(value);
  if (size == 0 || (size >= 1e-4 && size < 1e16)) {
    const Decimal number = positional(value, dtype, -1);
    return number.whole + "." + (number.fraction.empty() ? "0" : number.fraction);
  }
  const Decimal number = scientific(value, dtype, -1);
  return number.whole + (number.fraction.empty() ? "" : "." + number.fraction) + "e" +
         exponent_text(number.exponent);
}

}  // namespace keen::detail
