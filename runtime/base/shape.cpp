#include "runtime/base/shape.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {
namespace {

// The largest element is a complex double in TensorFlow's set; a shape that passes is safe in
// bytes.
constexpr std::int64_t kMaxElementBytes = 16;

std::string list_of(std::span<const std::int64_t> dims) {
  std::string out = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    if (i != 0) out += ',';
    append_text(out, dims[i]);
  }
  return out + "]";
}

}  // namespace

Shape::Shape(std::span<const std::int64_t> dims) {
  if (dims.size() > kMaxRank) {
    throw InvalidArgumentError(
        text("Shape: rank ", dims.size(), " of ", list_of(dims), " is above the maximum of 8"));
  }
  rank_ = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), dims_);
  recount();
}

void Shape::push_back(std::int64_t dim) {
  if (rank_ < 0 || rank_ == kMaxRank) {
    throw InvalidArgumentError(text("Shape: no dimension can be added to ", *this));
  }
  dims_[rank_++] = dim;
  recount();
}

void Shape::set_dim(int i, std::int64_t dim) {
  const int at = i < 0 ? i + rank_ : i;
  if (at < 0 || at >= rank_) throw_index(i);
  dims_[at] = dim;
  recount();
}

void Shape::throw_index(int i) const {
  throw IndexError(text("Shape: dimension ", i, " is out of range for ", *this));
}

void Shape::recount() {
  std::int64_t product = 1;
  bool known = true;
  for (int i = 0; i < rank_; ++i) {
    if (dims_[i] < -1) {
      throw InvalidArgumentError(
          text("Shape: dimension ", dims_[i], " of ", list_of(dims()), " must be >= 0"));
    }
    if (dims_[i] < 0) {
      known = false;
      continue;
    }
    product = checked_multiply(product, dims_[i]);
    if (product < 0 || checked_multiply(product, kMaxElementBytes) < 0) {
      throw InvalidArgumentError(
          text("Shape: ", list_of(dims()), " has too many elements (more than 2^63 - 1 bytes)"));
    }
  }
  num_elements_ = known ? product : -1;
}

bool Shape::is_compatible_with(const Shape& other) const {
  if (rank_ < 0 || other.rank_ < 0) return true;
  if (rank_ != other.rank_) return false;
  for (int i = 0; i < rank_; ++i) {
    if (dims_[i] >= 0 && other.dims_[i] >= 0 && dims_[i] != other.dims_[i]) return false;
  }
  return true;
}

std::size_t Shape::hash() const {
  std::size_t seed = static_cast<std::size_t>(rank_) + 0x9E3779B97F4A7C15ULL;
  for (int i = 0; i < rank_; ++i) {
    seed ^= static_cast<std::size_t>(dims_[i]) + 0x9E3779B97F4A7C15ULL + (seed << 6) + (seed >> 2);
  }
  return seed;
}

void append_text(std::string& out, const Shape& shape) {
  if (!shape.has_rank()) {
    out += "<unknown>";
    return;
  }
  out += '(';
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != 0) out += ", ";
    if (shape.dim(i) < 0) {
      out += "None";
    } else {
      append_text(out, shape.dim(i));
    }
  }
  out += shape.rank() == 1 ? ",)" : ")";
}

std::string brackets(const Shape& shape) {
  if (!shape.has_rank()) return "<unknown>";
  std::string out = "[";
  for (int i = 0; i < shape.rank(); ++i) {
    if (i != 0) out += ',';
    if (shape.dim(i) < 0) {
      out += '?';
    } else {
      append_text(out, shape.dim(i));
    }
  }
  return out + "]";
}

bool broadcast_shapes(const Shape& a, const Shape& b, Shape* result) {
  if (!a.has_rank() || !b.has_rank()) {
    *result = Shape::unknown();
    return true;
  }
  const int rank = std::max(a.rank(), b.rank());
  std::int64_t dims[Shape::kMaxRank];
  for (int i = 0; i < rank; ++i) {
    const int in_a = i - (rank - a.rank());
    const int in_b = i - (rank - b.rank());
    const std::int64_t x = in_a < 0 ? 1 : a.dim(in_a);
    const std::int64_t y = in_b < 0 ? 1 : b.dim(in_b);
    if (x == y || y == 1) {
      dims[i] = x;
    } else if (x == 1) {
      dims[i] = y;
    } else if (x < 0 || y < 0) {
      dims[i] = std::max(x, y);  // the known one (above 1) must hold
    } else {
      return false;
    }
  }
  *result = Shape(std::span<const std::int64_t>(dims, static_cast<std::size_t>(rank)));
  return true;
}

}  // namespace keen
