// Tensor::to_string and Variable::to_string: NumPy's rules (precision 8, threshold 1000, three
// items at each edge, 75 columns) within TensorFlow's frames.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/device/device_context.h"
#include "runtime/tensor/print_number.h"
#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {
namespace {

constexpr int kPrecision = 8;
constexpr std::int64_t kThreshold = 1000;
constexpr std::int64_t kEdgeItems = 3;
constexpr std::size_t kLineWidth = 75;

// ---- The elements, one by one ----

// Elements in host memory, read as double, integer or text.
class Elements {
 public:
  explicit Elements(const Tensor& tensor) : dtype_(tensor.dtype()) {
    const void* data = tensor.impl().buffer->data();
    if (tensor.device().type != DeviceType::kCpu) {
      copy_.resize(static_cast<std::size_t>(tensor.spec().bytes()));
      device::context(tensor.device()).copy_to_host(copy_.data(), data, copy_.size());
      data = copy_.data();
    }
    data_ = data;
  }

  [[nodiscard]] double real(std::int64_t i) const {
    double value = 0;
    visit_dtype<float, double, half, bfloat16>(
        dtype_, [&]<class T>() { value = static_cast<double>(static_cast<const T*>(data_)[i]); });
    return value;
  }
  [[nodiscard]] std::int64_t integer(std::int64_t i) const {
    std::int64_t value = 0;
    visit_dtype<std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, bool>(
        dtype_, [&]<class T>() {
          // NOLINTNEXTLINE(bugprone-signed-char-misuse): an int8 is a number here, not a character
          value = static_cast<const T*>(data_)[i];
        });
    return value;
  }
  [[nodiscard]] const std::string& string(std::int64_t i) const {
    return static_cast<const std::string*>(data_)[i];
  }

 private:
  DType dtype_;
  std::vector<unsigned char> copy_;
  const void* data_ = nullptr;
};

// As Python writes bytes: b'a\n\xff'.
std::string bytes_text(const std::string& bytes) {
  const bool single = bytes.find('\'') != std::string::npos && bytes.find('"') == std::string::npos;
  const char quote = single ? '"' : '\'';
  std::string out = std::string("b") + quote;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (c == '\\' || c == quote) {
      out += {'\\', c};
    } else if (code < 0x20 || code >= 0x7F) {
      constexpr const char* kHex = "0123456789abcdef";
      out += {'\\', 'x', kHex[code >> 4], kHex[code & 15]};
    } else {
      out += c;
    }
  }
  return out + quote;
}

// bfloat16 is not one of NumPy's own types: its elements are printed as C++ streams do, unaligned.
std::string bfloat16_text(double value) {
  if (std::isnan(value)) return "nan";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", value);
  return buffer;
}

std::string pad_left(const std::string& text, std::size_t width) {
  return text.size() >= width ? text : std::string(width - text.size(), ' ') + text;
}

std::string scalar_text(const Elements& elements, DType dtype) {
  if (dtype == DType::kString) return bytes_text(elements.string(0));
  if (dtype == DType::kBool) return elements.integer(0) != 0 ? "True" : "False";
  if (dtype == DType::kBFloat16) return bfloat16_text(elements.real(0));
  if (is_floating(dtype)) return detail::python_number(elements.real(0), dtype);
  return std::to_string(elements.integer(0));
}

// ---- The common form of an array's elements ----

using ElementText = std::function<std::string(std::int64_t)>;

// NumPy's FloatingFormat: one width, and one form, positional or scientific, for all elements.
class FloatForm {
 public:
  FloatForm(const Elements& elements, DType dtype, const std::vector<std::int64_t>& shown)
      : dtype_(dtype) {
    double largest = 0;
    double smallest = std::numeric_limits<double>::infinity();
    bool any_finite = false;
    bool all_finite = true;
    bool negative_infinity = false;
    for (const std::int64_t i : shown) {
      const double value = elements.real(i);
      if (!std::isfinite(value)) {
        all_finite = false;
        negative_infinity = negative_infinity || (std::isinf(value) && value < 0);
        continue;
      }
      any_finite = true;
      if (value == 0) continue;
      largest = std::max(largest, std::fabs(value));
      smallest = std::min(smallest, std::fabs(value));
    }
    scientific_ =
        largest > 0 && (largest >= 1e8 || smallest < 1e-4 || ratio(largest, smallest) > 1000);
    if (any_finite) measure(elements, shown);
    if (!all_finite) {
      const auto before_point = [this](std::size_t width) {
        return width > after_point() ? width - after_point() : 0;
      };
      whole_width_ =
          std::max({whole_width_, before_point(3), before_point(negative_infinity ? 4 : 3)});
    }
  }

  [[nodiscard]] std::string text(double value) const {
    if (!std::isfinite(value)) {
      const std::string name = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
      return pad_left(name, whole_width_ + after_point());
    }
    if (!scientific_) {
      const detail::Decimal number = detail::positional(value, dtype_, kPrecision);
      return pad_left(number.whole, whole_width_) + "." + padded_right(number.fraction, ' ');
    }
    const detail::Decimal number = detail::scientific(value, dtype_, kPrecision);
    std::string exponent = detail::exponent_text(number.exponent);
    exponent.insert(1, exponent_digits_ - (exponent.size() - 1), '0');
    return pad_left(number.whole, whole_width_) + "." + padded_right(number.fraction, '0') + "e" +
           exponent;
  }

 private:
  // The point and what follows it; of no finite element there is none, but for the point.
  [[nodiscard]] std::size_t after_point() const {
    return 1 + fraction_width_ + (exponent_digits_ == 0 ? 0 : exponent_digits_ + 2);
  }

  // As the dtype's own division gives it.
  [[nodiscard]] double ratio(double a, double b) const {
    const double exact = a / b;
    if (dtype_ == DType::kFloat32) return static_cast<float>(exact);
    if (dtype_ == DType::kFloat16) return half(static_cast<float>(exact));
    return exact;
  }

  void measure(const Elements& elements, const std::vector<std::int64_t>& shown) {
    for (const std::int64_t i : shown) {
      const double value = elements.real(i);
      if (!std::isfinite(value)) continue;
      const detail::Decimal number = scientific_ ? detail::scientific(value, dtype_, kPrecision)
                                                 : detail::positional(value, dtype_, kPrecision);
      whole_width_ = std::max(whole_width_, number.whole.size());
      fraction_width_ = std::max(fraction_width_, number.fraction.size());
      if (scientific_) {
        exponent_digits_ =
            std::max(exponent_digits_, detail::exponent_text(number.exponent).size() - 1);
      }
    }
  }

  [[nodiscard]] std::string padded_right(std::string text, char fill) const {
    if (text.size() < fraction_width_) text.append(fraction_width_ - text.size(), fill);
    return text;
  }

  DType dtype_;
  bool scientific_ = false;
  std::size_t whole_width_ = 0;
  std::size_t fraction_width_ = 0;
  std::size_t exponent_digits_ = 0;
};

ElementText element_text(const Elements& elements, DType dtype,
                         const std::vector<std::int64_t>& shown) {
  if (dtype == DType::kString) {
    return [&elements](std::int64_t i) { return bytes_text(elements.string(i)); };
  }
  if (dtype == DType::kBFloat16) {
    return [&elements](std::int64_t i) { return bfloat16_text(elements.real(i)); };
  }
  if (dtype == DType::kBool) {
    return [&elements](std::int64_t i) {
      return std::string(elements.integer(i) != 0 ? " True" : "False");
    };
  }
  if (is_floating(dtype)) {
    return [&elements, form = FloatForm(elements, dtype, shown)](std::int64_t i) {
      return form.text(elements.real(i));
    };
  }
  std::size_t width = 0;
  for (const std::int64_t i : shown) {
    width = std::max(width, std::to_string(elements.integer(i)).size());
  }
  return [&elements, width](std::int64_t i) {
    return pad_left(std::to_string(elements.integer(i)), width);
  };
}

// ---- Brackets, lines, and what is left out ----

// What differs between str() and repr() of an array.
struct Layout {
  std::string separator;  // between elements
  std::size_t indent;     // of lines after the first
  std::size_t width;      // of lines
};

class ArrayText {
 public:
  ArrayText(const Tensor& tensor, const Layout& layout)
      : shape_(tensor.shape()),
        layout_(layout),
        elements_(tensor),
        shortened_(shape_.num_elements() > kThreshold) {
    std::vector<std::int64_t> shown;
    collect(0, 0, shown);
    element_ = element_text(elements_, tensor.dtype(), shown);
  }
  ArrayText(const ArrayText&) = delete;
  ArrayText& operator=(const ArrayText&) = delete;

  [[nodiscard]] std::string text() const {
    if (shape_.num_elements() == 0) return "[]";
    return nested(0, 0, layout_.indent + 1, layout_.width);
  }

 private:
  static constexpr std::int64_t kGap = -1;

  // Positions along an axis that are shown, kGap where some are left out.
  [[nodiscard]] std::vector<std::int64_t> positions(int axis) const {
    const std::int64_t size = shape_.dim(axis);
    std::vector<std::int64_t> result;
    const bool gap = shortened_ && size > 2 * kEdgeItems;
    for (std::int64_t i = 0; i < (gap ? kEdgeItems : size); ++i) result.push_back(i);
    if (gap) {
      result.push_back(kGap);
      for (std::int64_t i = size - kEdgeItems; i < size; ++i) result.push_back(i);
    }
    return result;
  }

  void collect(int axis, std::int64_t at, std::vector<std::int64_t>& shown) const {
    if (axis == shape_.rank()) {
      shown.push_back(at);
      return;
    }
    for (const std::int64_t i : positions(axis)) {
      if (i != kGap) collect(axis + 1, at * shape_.dim(axis) + i, shown);
    }
  }

  [[nodiscard]] std::string nested(int axis, std::int64_t at, std::size_t indent,
                                   std::size_t width) const {
    if (axis == shape_.rank()) return element_(at);
    const std::string out =
        axis + 1 == shape_.rank() ? row(axis, at, indent, width) : rows(axis, at, indent, width);
    return "[" + out.substr(indent) + "]";
  }

  // Elements of the last axis, wrapped into lines.
  [[nodiscard]] std::string row(int axis, std::int64_t at, std::size_t indent,
                                std::size_t width) const {
    const std::string hanging(indent, ' ');
    std::string out;
    std::string line = hanging;
    const std::vector<std::int64_t> places = positions(axis);
    for (std::size_t k = 0; k < places.size(); ++k) {
      const std::string word =
          places[k] == kGap ? "..." : element_(at * shape_.dim(axis) + places[k]);
      if (line.size() + word.size() > width - 1 && line.size() > indent) {
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
        line = hanging;
      }
      line += word;
      if (k + 1 < places.size()) line += layout_.separator;
    }
    return out + line;
  }

  [[nodiscard]] std::string rows(int axis, std::int64_t at, std::size_t indent,
                                 std::size_t width) const {
    std::string separator = layout_.separator;
    separator.erase(separator.find_last_not_of(' ') + 1);
    separator.append(static_cast<std::size_t>(shape_.rank() - axis - 1), '\n');
    std::string out;
    const std::vector<std::int64_t> places = positions(axis);
    for (std::size_t k = 0; k < places.size(); ++k) {
      out.append(indent, ' ');
      out += places[k] == kGap
                 ? "..."
                 : nested(axis + 1, at * shape_.dim(axis) + places[k], indent + 1, width - 1);
      if (k + 1 < places.size()) out += separator;
    }
    return out;
  }

  Shape shape_;
  Layout layout_;
  Elements elements_;
  bool shortened_;
  ElementText element_;
};

std::string on_own_line_if_long(const std::string& value) {
  return value.find('\n') == std::string::npos ? value : "\n" + value;
}

std::string array_str(const Tensor& tensor) {
  if (tensor.rank() == 0) return scalar_text(Elements(tensor), tensor.dtype());
  return ArrayText(tensor, {.separator = " ", .indent = 0, .width = kLineWidth}).text();
}

// "array([1., 2.], dtype=float32)": the dtype is left out where NumPy would choose it by itself.
std::string array_repr(const Tensor& tensor) {
  if (tensor.rank() == 0) return array_str(tensor);
  const DType dtype = tensor.dtype();
  const bool empty = tensor.num_elements() == 0;
  const bool implied =
      !empty && contains(set_of(DType::kFloat64, DType::kInt64, DType::kBool), dtype);
  const std::string prefix = "array(";
  const Layout layout{.separator = ", ", .indent = prefix.size(), .width = kLineWidth - 1};
  std::string out = prefix + ArrayText(tensor, layout).text();
  if (empty && tensor.rank() > 1) out += text(", shape=", tensor.shape());
  if (implied) return out + ")";
  out += ",";
  const std::string name = text("dtype=", dtype == DType::kString ? "object" : name_of(dtype), ")");
  const std::size_t last_line = out.size() - (out.rfind('\n') + 1);
  const bool wrap = last_line + name.size() + 1 > kLineWidth;
  return out + (wrap ? "\n" + std::string(prefix.size(), ' ') : " ") + name;
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "tf.Tensor(<undefined>)";
  if (is_symbolic()) {
    return text("tf.Tensor(<symbolic>, shape=", shape(), ", dtype=", dtype(), ")");
  }
  return text("tf.Tensor(", on_own_line_if_long(array_str(*this)), ", shape=", shape(),
              ", dtype=", dtype(), ")");
}

std::string Variable::to_string() const {
  if (!defined()) return "<tf.Variable (undefined)>";
  const Tensor now = detail::take_value(impl());
  return text("<tf.Variable '", name(), "' shape=", shape(), " dtype=", dtype(),
              ", numpy=", on_own_line_if_long(array_repr(now)), ">");
}

}  // namespace keen
