// What one process, or several together, have run of the kernels of their programs.
#pragma once
#include <iosfwd>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace keen::sim {

struct BlockRecord {
  int ptx_line = 0, ptx_last = 0;
  int line = 0, last = 0;  // of `file`; 0: not known
  std::string file;
  long long runs = 0;  // by warps
};

struct KernelRecord {
  std::string title;
  long long launches = 0;           // that ran
  std::vector<BlockRecord> blocks;  // empty: not launched
};

// By symbol and by the architecture of the PTX that ran, 0 where none did.
using CoverageRecord = std::map<std::pair<std::string, int>, KernelRecord>;

void write_record(std::ostream& out, const CoverageRecord& record);

// Adds what `in` holds. Throws std::runtime_error for what is not a whole record, and for one of
// other code: the program was built anew in between.
void add_record(std::istream& in, CoverageRecord& record);

// "PTX lines 10 to 12 (file.cu:3 to 5)"
std::string place_of(const BlockRecord& block);

}  // namespace keen::sim
