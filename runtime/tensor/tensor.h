// Tensors: immutable, dense, row-major arrays (tf.Tensor).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/base/ref_counted.h"
#include "runtime/base/spec.h"
#include "runtime/device/buffer.h"
#include "runtime/device/device.h"

namespace keen {

// What a Tensor points at. A tensor without a buffer is symbolic: a value of the trace being made.
class TensorImpl final : public RefCounted {
 public:
  // A new tensor over `buffer` (null: symbolic) with an identity of its own.
  [[nodiscard]] static RefPtr<TensorImpl> make(Device device);

  Device device;
  // Number of the value within the trace `trace_id`; for symbolic tensors.
  std::int32_t trace_value = -1;
  std::uint64_t id;  // unique in the process: how tapes know a tensor
  RefPtr<Buffer> buffer;
  std::uint64_t trace_id = 0;
  TensorSpec spec;

  void destroy() noexcept;

 private:
  TensorImpl(Device where, std::uint64_t identity) : device(where), id(identity) {}
  ~TensorImpl() = default;
};

// A handle, one pointer wide; copies share the value. A default-made tensor is undefined: it stands
// for an optional argument that is absent and for "no gradient".
class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(RefPtr<TensorImpl> impl) : impl_(std::move(impl)) {}

  // A tensor of the C++ type's dtype holding a copy of `count` elements in row-major order.
  // InvalidArgumentError if the shape does not hold that many.
  template <Element T>
  [[nodiscard]] static Tensor from_memory(const T* values, std::int64_t count, const Shape& shape) {
    return from_bytes(values, count, {DTypeOf<T>::value, shape});
  }
  template <Element T>
  [[nodiscard]] static Tensor from_vector(const std::vector<T>& values, const Shape& shape) {
    return from_elements<T>(values, shape);
  }
  template <Element T>
  [[nodiscard]] static Tensor from_vector(const std::vector<T>& values) {
    return from_elements<T>(values, Shape({static_cast<std::int64_t>(values.size())}));
  }
  // Rank 0.
  template <Element T>
  [[nodiscard]] static Tensor scalar(const T& value) {
    return from_bytes(&value, 1, {DTypeOf<T>::value, Shape()});
  }
  // A copy of raw memory that holds `count` elements of spec.dtype.
  [[nodiscard]] static Tensor from_bytes(const void* data, std::int64_t count,
                                         const TensorSpec& spec);

  [[nodiscard]] bool defined() const { return static_cast<bool>(impl_); }
  // Whether this is a value of a trace rather than data.
  [[nodiscard]] bool is_symbolic() const { return impl_ && !impl_->buffer; }

  // The following need a defined tensor: ValueError else.
  [[nodiscard]] const TensorSpec& spec() const { return impl().spec; }
  [[nodiscard]] DType dtype() const { return impl().spec.dtype; }
  [[nodiscard]] const Shape& shape() const { return impl().spec.shape; }
  [[nodiscard]] int rank() const { return shape().rank(); }
  [[nodiscard]] std::int64_t num_elements() const { return shape().num_elements(); }
  [[nodiscard]] Device device() const { return impl().device; }
  [[nodiscard]] std::uint64_t id() const { return impl().id; }

  // The elements, in host memory. TypeError unless T is the dtype's type, and for a symbolic
  // tensor; InvalidArgumentError where the tensor lives on another device.
  template <Element T>
  [[nodiscard]] std::span<const T> data() const {
    return {static_cast<const T*>(host_data(DTypeOf<T>::value)),
            static_cast<std::size_t>(num_elements())};
  }
  // The one element (InvalidArgumentError if there are more or none), waiting for the device.
  template <Element T>
  [[nodiscard]] T item() const {
    T value{};
    copy_out(DTypeOf<T>::value, &value, true);
    return value;
  }
  // All elements in row-major order, waiting for the device.
  template <Element T>
  [[nodiscard]] std::vector<T> to_vector() const;

  // As NumPy prints it, with shape and dtype: "tf.Tensor([1. 2.], shape=(2,), dtype=float32)".
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] TensorImpl& impl() const {
    if (!impl_) [[unlikely]] {
      throw_undefined();
    }
    return *impl_;
  }
  [[nodiscard]] TensorImpl* impl_or_null() const { return impl_.get(); }
  // Whether the two are one tensor (not whether their elements are equal).
  [[nodiscard]] bool is(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  template <Element T>
  [[nodiscard]] static Tensor from_elements(const std::vector<T>& values, const Shape& shape);
  [[noreturn]] static void throw_undefined();
  [[nodiscard]] const void* host_data(DType wanted) const;
  void check_readable() const;
  void copy_out(DType wanted, void* to, bool only_one) const;

  RefPtr<TensorImpl> impl_;
};

namespace detail {

// A tensor that shares `source`'s elements under another shape of as many elements.
[[nodiscard]] Tensor share_buffer(const Tensor& source, const Shape& shape);
// A tensor of that spec whose elements are still to be written through the returned impl.
[[nodiscard]] Tensor empty_tensor(const TensorSpec& spec, Device device);

}  // namespace detail

template <Element T>
Tensor Tensor::from_elements(const std::vector<T>& values, const Shape& shape) {
  const auto count = static_cast<std::int64_t>(values.size());
  if constexpr (std::is_same_v<T, bool>) {  // vector<bool> has no array of its elements
    std::vector<std::uint8_t> bytes(values.begin(), values.end());
    return from_bytes(bytes.data(), count, {DType::kBool, shape});
  } else {
    return from_bytes(values.data(), count, {DTypeOf<T>::value, shape});
  }
}

template <Element T>
std::vector<T> Tensor::to_vector() const {
  if constexpr (std::is_same_v<T, bool>) {
    check_readable();
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(num_elements()));
    copy_out(DType::kBool, bytes.data(), false);
    return {bytes.begin(), bytes.end()};
  } else {
    check_readable();
    std::vector<T> values(static_cast<std::size_t>(num_elements()));
    copy_out(DTypeOf<T>::value, values.data(), false);
    return values;
  }
}

}  // namespace keen
