#include "tests/sim/ptx/footprint.h"

#include <algorithm>

namespace keen::sim::ptx {

void Footprint::mark(Address low, std::size_t bytes, bool write) {
  while (bytes > 0) {
    const std::uint64_t number = low / kPageBytes;
    if (last_ == nullptr || number != last_number_) {
      last_ = &pages_[number];  // references into an unordered_map stay valid
      last_number_ = number;
    }
    Bits& bits = write ? last_->write : last_->read;
    const std::size_t at = low % kPageBytes;
    const std::size_t here = std::min(bytes, 64 - at % 64);
    const std::uint64_t ones = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
    bits[at / 64] |= ones << (at % 64);
    low += here;
    bytes -= here;
  }
}

}  // namespace keen::sim::ptx
