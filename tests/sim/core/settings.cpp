#include "tests/sim/core/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/sim/core/window.h"

namespace keen::sim {
namespace {

template <class T>
void read_number(const char* name, T* target, T lowest, T highest) {
  const char* value = std::getenv(name);
  if (value == nullptr) return;
  T number{};
  const char* end = value + std::strlen(value);
  const auto [stop, error] = std::from_chars(value, end, number);
  if (error != std::errc{} || stop != end || number < lowest || number > highest) {
    const std::string wanted =
        "a number from " + std::to_string(lowest) + " to " + std::to_string(highest);
    refuse_setting(name, value, wanted.c_str());
  }
  *target = number;
}

void read_switch(const char* name, bool* target) {
  int number = *target ? 1 : 0;
  read_number(name, &number, 0, 1);
  *target = number == 1;
}

Settings read_settings() {
  Settings s;
  read_number("CUDASIM_DEVICES", &s.devices, 1, kMaxDevices);
  read_number<std::uint64_t>("CUDASIM_MEMORY", &s.memory, 1 << 20, std::uint64_t{1} << 37);
  read_number("CUDASIM_SEED", &s.seed, 0U, ~0U);
  read_number("CUDASIM_STALL_SECONDS", &s.stall_seconds, 1, 3600);
  read_switch("CUDASIM_PEERS", &s.peers);
  read_switch("CUDASIM_VERBOSE", &s.verbose);
  read_switch("CUDASIM_TABLE", &s.table);
  read_switch("CUDASIM_PROFILE", &s.profile);
  read_switch("CUDASIM_ALL_KERNELS", &s.all_kernels);
  if (const char* folder = std::getenv("CUDASIM_COVERAGE")) s.coverage = folder;
  if (const char* file = std::getenv("CUDASIM_LIBRARY_TABLE")) s.library_table = file;
  if (const char* model = std::getenv("CUDASIM_MODEL")) s.model = model;
  // Addresses are not given out twice: some must be left when all memory has been taken
  // and freed by each of twenty seeds.
  if (s.memory == 0) s.memory = std::min(std::uint64_t{4} << 30, kWindowBytes / 32);
  return s;
}

}  // namespace

void refuse_setting(const char* name, const char* value, const char* what) {
  std::fprintf(stderr, "cudasim: %s=%s: %s\n", name, value, what);
  std::_Exit(2);
}

const Settings& settings() {
  static const Settings kSettings = read_settings();
  return kSettings;
}

}  // namespace keen::sim
