#include "runtime/device/buffer.h"

#include <mutex>
#include <new>
#include <string>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/device/cpu/cpu_context.h"

namespace keen {
namespace {

using device::cpu::Allocator;

constexpr std::size_t kHeader = device::kBlockAlignment;
static_assert(sizeof(Buffer) <= kHeader);

// Above this the header would cost a whole page or more of alignment: data gets a block of its own.
constexpr std::size_t kInlineLimit = Allocator::kSmallLimit - kHeader;

}  // namespace

RefPtr<Buffer> Buffer::allocate(Device device, std::size_t bytes) {
  if (device.type == DeviceType::kCpu && bytes <= kInlineLimit) [[likely]] {
    auto& allocator = device::cpu::cpu_context(device.index).allocator();
    auto* block = static_cast<char*>(allocator.allocate(kHeader + bytes));
    return RefPtr<Buffer>::adopt(new (block) Buffer(device, block + kHeader, bytes));
  }
  device::DeviceContext& context = device::context(device);
  void* data = context.allocate(bytes);
  void* header = nullptr;
  try {
    header = device::cpu::object_allocator().allocate(sizeof(Buffer));
  } catch (...) {
    context.deallocate(data, bytes);
    throw;
  }
  return RefPtr<Buffer>::adopt(new (header) Buffer(device, data, bytes));
}

RefPtr<Buffer> Buffer::allocate_strings(std::size_t count) {
  if (count > (std::size_t{1} << 40)) {
    throw ResourceExhaustedError(text("allocate: out of host memory for ", count, " strings"));
  }
  RefPtr<Buffer> buffer = allocate(cpu(), count * sizeof(std::string));
  auto* strings = static_cast<std::string*>(buffer->data());
  for (std::size_t i = 0; i < count; ++i) new (strings + i) std::string;
  buffer->holds_strings_ = true;
  return buffer;
}

namespace {

constinit std::mutex derived_mutex;

}  // namespace

RefPtr<Buffer> Buffer::derived(std::int64_t kind) const {
  if (!has_derived_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(derived_mutex);
  return derived_kind_ == kind ? derived_ : RefPtr<Buffer>();
}

void Buffer::keep_derived(std::int64_t kind, RefPtr<Buffer> derived) {
  const std::lock_guard lock(derived_mutex);
  std::swap(derived_, derived);  // what was there goes without the lock
  derived_kind_ = kind;
  has_derived_.store(true, std::memory_order_relaxed);
}

void Buffer::forget_derived() noexcept {
  RefPtr<Buffer> gone;
  const std::lock_guard lock(derived_mutex);
  std::swap(derived_, gone);
  has_derived_.store(false, std::memory_order_relaxed);
}

void Buffer::destroy() noexcept {
  drop_derived();
  if (holds_strings_) {
    auto* strings = static_cast<std::string*>(data_);
    for (std::size_t i = 0; i < bytes_ / sizeof(std::string); ++i) strings[i].~basic_string();
  }
  const std::size_t bytes = bytes_;
  if (device_.type == DeviceType::kCpu && bytes <= kInlineLimit) [[likely]] {
    device::cpu::cpu_context(device_.index).allocator().deallocate(this, kHeader + bytes);
    return;
  }
  device::context(device_).deallocate(data_, bytes);
  device::cpu::object_allocator().deallocate(this, sizeof(Buffer));
}

}  // namespace keen
