#include "tests/sim/ptx/footprint.h"

#include <algorithm>

namespace keen::sim::ptx {

bool Footprint::mark(Address low, std::size_t bytes, Mark mark) {
  bool clash = false;
  while (bytes > 0) {
    const std::uint64_t number = low / kPageBytes;
    if (last_ == nullptr || number != last_number_) {
      last_ = &pages_[number];  // references into an unordered_map stay valid
      last_number_ = number;
    }
    const std::size_t at = low % kPageBytes;
    const std::size_t here = std::min(bytes, 64 - at % 64);
    const std::uint64_t ones = here == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
    const std::uint64_t these = ones << (at % 64);
    (mark == Mark::kWrite ? last_->write : last_->read)[at / 64] |= these;
    if (mark == Mark::kCached) last_->cached[at / 64] |= these;
    if (mark != Mark::kRead) clash |= (last_->cached[at / 64] & last_->write[at / 64] & these) != 0;
    low += here;
    bytes -= here;
  }
  return clash;
}

}  // namespace keen::sim::ptx
