#include "kernels/detail/channels_last.h"

#include "kernels/detail/strided_copy.h"

namespace keen::detail {

ChannelsLast::ChannelsLast(device::DeviceContext& device, const TensorSpec& spec, DataFormat format)
    : device_(device), element_bytes_(size_of(spec.dtype)) {
  if (format == DataFormat::kNHWC) return;
  batch_ = spec.shape.dim(0);
  channels_ = spec.shape.dim(1);
  pixels_ = spec.shape.dim(2) * spec.shape.dim(3);
  if (channels_ == 1 || pixels_ == 1) return;  // both formats are the same
  copy_ = Buffer::allocate(device.device(), static_cast<std::size_t>(spec.bytes()));
}

const void* ChannelsLast::read(const void* from) const {
  if (!copy_) return from;
  StridedCopy copy;
  copy.add(batch_, channels_ * pixels_, channels_ * pixels_);
  copy.add(pixels_, 1, channels_);
  copy.add(channels_, pixels_, 1);
  copy.run(device_, from, copy_->data(), element_bytes_);
  return copy_->data();
}

void* ChannelsLast::place(void* to) const { return copy_ ? copy_->data() : to; }

void ChannelsLast::write(void* to) const {
  if (!copy_) return;
  StridedCopy copy;
  copy.add(batch_, channels_ * pixels_, channels_ * pixels_);
  copy.add(channels_, 1, pixels_);
  copy.add(pixels_, channels_, 1);
  copy.run(device_, copy_->data(), to, element_bytes_);
}

}  // namespace keen::detail
