// How windows of convolutions and pools lie on their input, and where the channels are.
#pragma once

#include <cstdint>

namespace keen {

// TensorFlow's padding strings. kSame gives ceil(input / stride) outputs; an odd row of padding
// goes to the bottom and to the right. kExplicit takes numbers from the argument explicit_paddings.
enum class Padding : std::uint8_t { kValid, kSame, kExplicit };

// TensorFlow's data_format: channels last ("NHWC", "N...C") or second ("NCHW", "NC...").
enum class DataFormat : std::uint8_t { kNHWC, kNCHW };

}  // namespace keen
