// Element type and shape of a tensor (tf.TensorSpec).
#pragma once

#include <string>

#include "runtime/base/dtype.h"
#include "runtime/base/shape.h"

namespace keen {

struct TensorSpec {
  DType dtype = DType::kInvalid;
  Shape shape;

  // Bytes of a tensor of this spec; the shape must be fully known.
  [[nodiscard]] std::int64_t bytes() const {
    return shape.num_elements() * static_cast<std::int64_t>(size_of(dtype));
  }
  [[nodiscard]] std::size_t hash() const {
    return shape.hash() * 31 + static_cast<std::size_t>(dtype);
  }
  friend bool operator==(const TensorSpec&, const TensorSpec&) = default;
};

// "float32(2, 3)"
inline void append_text(std::string& out, const TensorSpec& spec) {
  append_text(out, spec.dtype);
  append_text(out, spec.shape);
}

}  // namespace keen
