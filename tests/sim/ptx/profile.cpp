#include "tests/sim/ptx/profile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <set>

namespace keen::sim::ptx {
namespace {

constexpr Word kSectorBytes = 32;
constexpr int kBanks = 32;
constexpr Word kBankBytes = 4;

}  // namespace

std::map<std::string, KernelProfile>& kernel_profiles() {
  static auto* profiles = new std::map<std::string, KernelProfile>;
  return *profiles;
}

void print_kernel_table() {
  const auto ratio = [](double part, long whole) {
    return whole == 0 ? 0 : part / static_cast<double>(whole);
  };
  for (const auto& [title, p] : kernel_profiles()) {
    std::fprintf(stderr,
                 "cudasim: %s: launches %ld, sectors per request %.2f, moved bytes used %.0f %%, "
                 "passes per shared "
                 "request %.2f, lanes active %.0f %%\n",
                 title.c_str(), p.launches, ratio(p.sectors, p.requests),
                 100 * ratio(p.bytes_used, p.sectors * static_cast<long>(kSectorBytes)),
                 ratio(p.shared_passes, p.shared_requests),
                 100 * ratio(p.lane_instructions, p.warp_instructions * kLanes));
  }
}

void KernelProfile::global_request(const Word* addresses, Mask lanes, int bytes) {
  std::set<Word> touched;
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    const Word first = addresses[std::countr_zero(rest)];
    for (Word s = first / kSectorBytes; s <= (first + bytes - 1) / kSectorBytes; ++s) {
      touched.insert(s);
    }
    bytes_used += bytes;
  }
  ++requests;
  sectors += static_cast<long>(touched.size());
}

void KernelProfile::shared_request(const Word* addresses, Mask lanes, int bytes) {
  ++shared_requests;
  const int group = bytes <= 4 ? kLanes : bytes == 8 ? kLanes / 2 : kLanes / 4;
  for (int first = 0; first < kLanes; first += group) {
    std::array<std::set<Word>, kBanks> words;
    for (int lane = first; lane < first + group; ++lane) {
      if ((lanes >> lane & 1) == 0) continue;
      for (Word at = addresses[lane]; at < addresses[lane] + bytes; at += kBankBytes) {
        words[at / kBankBytes % kBanks].insert(at / kBankBytes);
      }
    }
    std::size_t passes = 0;
    for (const auto& bank : words) passes = std::max(passes, bank.size());
    shared_passes += static_cast<long>(passes);
  }
}

}  // namespace keen::sim::ptx
