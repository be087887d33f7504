#include "tests/sim/ptx/profile.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <iterator>
#include <span>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"

namespace keen::sim::ptx {
namespace {

constexpr Word kSectorBytes = 32;
constexpr int kBanks = 32;
constexpr Word kBankBytes = 4;
constexpr int kMostBytes = 32;  // of one lane's access

bool& profile_switch() {
  static bool on = settings().profile;
  return on;
}

std::map<std::string, KernelProfile>& profiles() {
  static auto* made = new std::map<std::string, KernelProfile>;
  return *made;
}

// Sorts, and gives back how many are different.
std::size_t distinct(std::span<Word> values) {
  std::ranges::sort(values);
  return static_cast<std::size_t>(std::unique(values.begin(), values.end()) - values.begin());
}

void print_access(const char* title, const cudasim_access& a) {
  if (a.requests == 0) return;
  std::fprintf(stderr, "; %s %lld, sectors each %.2f, bytes %lld, used of moved %.0f %%", title,
               a.requests, static_cast<double>(a.sectors) / static_cast<double>(a.requests),
               a.bytes,
               100 * static_cast<double>(a.used) /
                   static_cast<double>(a.sectors * static_cast<long long>(kSectorBytes)));
}

void print_kernel(const std::string& title, const cudasim_kernel& k) {
  std::fprintf(stderr,
               "cudasim: kernel %s: launches %lld, blocks %lld, threads %lld, PTX instructions "
               "%lld, active lanes %.1f",
               title.c_str(), k.launches, k.blocks, k.threads, k.instructions,
               k.warp_instructions == 0 ? 0
                                        : static_cast<double>(k.instructions) /
                                              static_cast<double>(k.warp_instructions));
  print_access("loads", k.loads);
  print_access("stores", k.stores);
  if (k.shared_requests != 0) {
    std::fprintf(stderr, "; shared requests %lld, passes %lld, conflicts %lld", k.shared_requests,
                 k.shared_passes, k.shared_conflicts);
  }
  if (k.atomic_requests != 0) std::fprintf(stderr, "; atomics %lld", k.atomic_requests);
  std::fputs("\n", stderr);
}

}  // namespace

bool profiling() { return profile_switch(); }

KernelProfile& kernel_profile(const std::string& title) { return profiles()[title]; }

void print_kernel_table() {
  for (const auto& [title, profile] : profiles()) print_kernel(title, profile.sums);
}

void KernelProfile::launched(dim3 blocks, dim3 threads, long long warp_instructions,
                             long long instructions, bool profiled) {
  const long long count = static_cast<long long>(blocks.x) * blocks.y * blocks.z;
  ++sums.launches;
  sums.blocks += count;
  sums.threads += count * threads.x * threads.y * threads.z;
  sums.warp_instructions += warp_instructions;
  sums.instructions += instructions;
  sums.profiled_launches += profiled ? 1 : 0;
}

void KernelProfile::global_request(const Word* addresses, Mask lanes, int bytes, bool store) {
  std::array<Word, kLanes> starts{}, sectors{};
  std::size_t count = 0;
  for (Mask rest = lanes; rest != 0; rest &= rest - 1) {
    starts[count] = addresses[std::countr_zero(rest)];
    sectors[count] = starts[count] / kSectorBytes;  // aligned: an access lies in one
    ++count;
  }
  cudasim_access& access = store ? sums.stores : sums.loads;
  ++access.requests;
  access.bytes += static_cast<long long>(count) * bytes;
  access.used += static_cast<long long>(distinct({starts.data(), count})) * bytes;
  access.sectors += static_cast<long long>(distinct({sectors.data(), count}));
}

void KernelProfile::shared_request(const Word* addresses, Mask lanes, int bytes) {
  ++sums.shared_requests;
  const int group = bytes <= 4 ? kLanes : bytes == 8 ? kLanes / 2 : kLanes / 4;
  for (int first = 0; first < kLanes; first += group) {
    std::array<Word, static_cast<std::size_t>(kLanes) * kMostBytes / kBankBytes> words{};
    std::size_t count = 0;
    for (int lane = first; lane < first + group; ++lane) {
      if ((lanes >> lane & 1) == 0) continue;
      for (Word at = addresses[lane]; at < addresses[lane] + bytes; at += kBankBytes)
        words[count++] = at / kBankBytes;
    }
    if (count == 0) continue;
    std::array<int, kBanks> asked{};
    for (const Word word : std::span(words).first(distinct({words.data(), count})))
      ++asked[word % kBanks];
    const int passes = std::ranges::max(asked);
    sums.shared_passes += passes;
    sums.shared_conflicts += passes - 1;
  }
}

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

void cudasim_profile(int on) {
  const Guard guard(Machine::get());
  profile_switch() = on != 0;
}

int cudasim_kernel_at(int index, const char** name, cudasim_kernel* kernel) {
  const Guard guard(Machine::get());
  if (index < 0 || index >= std::ssize(profiles())) return 0;
  const auto row = std::next(profiles().begin(), index);
  *name = row->first.c_str();
  *kernel = row->second.sums;
  return 1;
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim::ptx
