// Puts together what the processes that ran with CUDASIM_COVERAGE=FOLDER have left there.
// Fails where a kernel of their programs ran in none of them.
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

#include "tests/sim/core/coverage_record.h"

namespace {

using keen::sim::CoverageRecord;
using keen::sim::KernelRecord;

CoverageRecord read_folder(const char* folder) {
  CoverageRecord record;
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path());
    try {
      keen::sim::add_record(in, record);
    } catch (const std::runtime_error& wrong) {
      throw std::runtime_error(entry.path().string() + ": " + wrong.what());
    }
    ++files;
  }
  if (files == 0) throw std::runtime_error(std::string(folder) + ": no process has left a record");
  std::printf("%d processes\n", files);
  return record;
}

// The kernels that never ran, each in a line.
int print_missing(const CoverageRecord& record) {
  std::map<std::string, long long> launches;
  for (const auto& [key, kernel] : record) launches[key.first] += kernel.launches;
  int missing = 0;
  for (const auto& [key, kernel] : record) {
    if (key.second != 0 || launches[key.first] != 0) continue;
    std::printf("never launched: %s\n", kernel.title.c_str());
    ++missing;
  }
  std::printf("%d of %zu kernels never launched\n", missing, launches.size());
  return missing;
}

void print_blocks(const KernelRecord& kernel, int architecture) {
  std::size_t ran = 0;
  for (const auto& block : kernel.blocks) ran += block.runs > 0 ? 1 : 0;
  std::printf("%s, PTX for %d: %lld launches, %zu of %zu blocks ran\n", kernel.title.c_str(),
              architecture, kernel.launches, ran, kernel.blocks.size());
  for (const auto& block : kernel.blocks) {
    if (block.runs == 0) std::printf("  never: %s\n", place_of(block).c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool blocks = argc == 3 && std::strcmp(argv[1], "--blocks") == 0;
  if (argc != 2 && !blocks) {
    std::fprintf(stderr, "usage: %s [--blocks] FOLDER\n", argv[0]);
    return 2;
  }
  try {
    const CoverageRecord record = read_folder(argv[argc - 1]);
    if (blocks) {
      for (const auto& [key, kernel] : record) {
        if (key.second != 0) print_blocks(kernel, key.second);
      }
    }
    return print_missing(record) == 0 ? 0 : 1;
  } catch (const std::exception& wrong) {
    std::fprintf(stderr, "%s: %s\n", argv[0], wrong.what());
    return 2;
  }
}
