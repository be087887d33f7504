#include "runtime/tensor/tensor.h"

#include <atomic>
#include <cstring>
#include <new>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/cpu_context.h"

namespace keen {
namespace {

// Identities: each thread numbers its tensors below a prefix of its own.
std::uint64_t next_id() {
  static std::atomic<std::uint64_t> threads{0};
  constexpr int kShift = 40;
  static constinit thread_local std::uint64_t next = 0;
  if ((next & ((std::uint64_t{1} << kShift) - 1)) == 0) [[unlikely]] {
    next = ((threads.fetch_add(1, std::memory_order_relaxed) + 1) << kShift) + 1;
  }
  return next++;
}

}  // namespace

RefPtr<TensorImpl> TensorImpl::make(Device device) {
  void* memory = device::cpu::object_allocator().allocate(sizeof(TensorImpl));
  return RefPtr<TensorImpl>::adopt(new (memory) TensorImpl(device, next_id()));
}

void TensorImpl::destroy() noexcept {
  this->~TensorImpl();
  device::cpu::object_allocator().deallocate(this, sizeof(TensorImpl));
}

Tensor detail::empty_tensor(const TensorSpec& spec, Device device) {
  RefPtr<TensorImpl> impl = TensorImpl::make(device);
  impl->spec = spec;
  impl->buffer = spec.dtype == DType::kString
                     ? Buffer::allocate_strings(static_cast<std::size_t>(spec.shape.num_elements()))
                     : Buffer::allocate(device, static_cast<std::size_t>(spec.bytes()));
  return Tensor(std::move(impl));
}

Tensor detail::share_buffer(const Tensor& source, const Shape& shape) {
  const TensorImpl& from = source.impl();
  RefPtr<TensorImpl> impl = TensorImpl::make(from.device);
  impl->spec = {from.spec.dtype, shape};
  impl->buffer = from.buffer;
  return Tensor(std::move(impl));
}

Tensor Tensor::from_bytes(const void* data, std::int64_t count, const TensorSpec& spec) {
  if (spec.dtype == DType::kInvalid) throw InvalidArgumentError("Tensor: dtype is invalid");
  if (!spec.shape.is_fully_defined() || spec.shape.num_elements() != count) {
    throw InvalidArgumentError(
        text("Tensor: ", count, " values do not fill a tensor of shape ", spec.shape));
  }
  Tensor result = detail::empty_tensor(spec, cpu());
  void* to = result.impl().buffer->data();
  if (spec.dtype == DType::kString) {
    const auto* from = static_cast<const std::string*>(data);
    auto* strings = static_cast<std::string*>(to);
    for (std::int64_t i = 0; i < count; ++i) strings[i] = from[i];
  } else if (count != 0) {
    std::memcpy(to, data, static_cast<std::size_t>(spec.bytes()));
  }
  return result;
}

void Tensor::throw_undefined() { throw ValueError("Tensor: the tensor is undefined"); }

void Tensor::check_readable() const {
  if (!is_symbolic()) return;
  throw TypeError(text("Tensor: the value of a symbolic tensor of ", spec(),
                       " is not known while a function is traced"));
}

const void* Tensor::host_data(DType wanted) const {
  check_readable();
  if (wanted != dtype()) {
    throw TypeError(text("Tensor: elements of type ", wanted, " were asked of a ", spec()));
  }
  if (device().type != DeviceType::kCpu) {
    throw InvalidArgumentError(text("Tensor: data() of a tensor on ", device(),
                                    "; item() and to_vector() copy it to the host"));
  }
  return impl_->buffer->data();
}

void Tensor::copy_out(DType wanted, void* to, bool only_one) const {
  check_readable();
  if (wanted != dtype()) {
    throw TypeError(text("Tensor: elements of type ", wanted, " were asked of a ", spec()));
  }
  if (only_one && num_elements() != 1) {
    throw InvalidArgumentError(text("Tensor: item() needs one element, not ", spec()));
  }
  if (wanted == DType::kString) {
    const auto* from = static_cast<const std::string*>(impl_->buffer->data());
    auto* strings = static_cast<std::string*>(to);
    for (std::int64_t i = 0; i < num_elements(); ++i) strings[i] = from[i];
    return;
  }
  device::context(device()).copy_to_host(to, impl_->buffer->data(),
                                         static_cast<std::size_t>(spec().bytes()));
}

}  // namespace keen
