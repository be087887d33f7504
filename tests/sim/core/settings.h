#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace keen::sim {

// What the environment says. Read once, when the stand-in is loaded; a value that cannot be
// read as what it should be ends the process with a message that names variable and value.
struct Settings {
  int devices = 2;             // CUDASIM_DEVICES, 1 to kMaxDevices
  bool peers = true;           // CUDASIM_PEERS=0: no device reaches another's memory
  std::string model = "h200";  // CUDASIM_MODEL: a name of core/model.h
  std::uint64_t memory = 0;    // CUDASIM_MEMORY, bytes per device
  unsigned seed = 1;           // CUDASIM_SEED
  bool verbose = false;        // CUDASIM_VERBOSE=1: findings on stderr as they are made
  bool table = false;          // CUDASIM_TABLE=1: counters and kernels on stderr at exit
  bool profile = false;        // CUDASIM_PROFILE=1: coalescing, bank conflicts
  bool all_kernels = false;  // CUDASIM_ALL_KERNELS=1: a kernel that was never launched is a finding
  std::string coverage;      // CUDASIM_COVERAGE: folder that ptx/coverage.h fills
  std::string library_table;  // CUDASIM_LIBRARY_TABLE: file that libraries/library_table.h reads
  int stall_seconds = 10;     // CUDASIM_STALL_SECONDS: see Machine::wait
};

constexpr int kMaxDevices = 8;

const Settings& settings();

inline bool is_device(int device) { return device >= 0 && device < settings().devices; }

// Ends the process with a message that names variable and value, and says what is wrong.
[[noreturn]] void refuse_setting(const char* name, const char* value, const char* what);

}  // namespace keen::sim
