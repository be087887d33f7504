#include "tests/sim/ptx/coverage.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/settings.h"
#include "tests/sim/cudasim.h"
#include "tests/sim/ptx/loader.h"

namespace keen::sim::ptx {
namespace {

// Where each block begins, in order, and at the end the number of instructions.
std::vector<int> block_starts(const Function& function) {
  const auto& code = function.code;
  const int size = static_cast<int>(code.size());
  std::vector<int> starts{0, size};
  for (int at = 0; at < size; ++at) {
    if (code[at].flow == Flow::kBranch) starts.push_back(code[at].target);
    if (code[at].flow == Flow::kBranch || code[at].flow == Flow::kExit) starts.push_back(at + 1);
  }
  std::ranges::sort(starts);
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

// For each instruction, whether a path leads to it.
std::vector<bool> reachable(const Function& function) {
  const auto& code = function.code;
  std::vector<bool> reached(code.size());
  std::vector<int> open{0};
  while (!open.empty()) {
    const int at = open.back();
    open.pop_back();
    if (at >= static_cast<int>(code.size()) || reached[at]) continue;
    reached[at] = true;
    const Instruction& i = code[at];
    const bool always = i.predicate == kNoRegister;
    if (i.flow == Flow::kBranch) open.push_back(i.target);
    if (!always || (i.flow != Flow::kBranch && i.flow != Flow::kExit)) open.push_back(at + 1);
  }
  return reached;
}

BlockRecord describe(const Function& function, int first, int end) {
  const auto text = [&](int at) -> const Text& { return function.texts[function.code[at].text]; };
  BlockRecord block;
  block.ptx_line = text(first).ptx_line;
  block.ptx_last = text(end - 1).ptx_line;
  for (int at = first; at < end; ++at) {
    const Text& t = text(at);
    if (t.line == 0) continue;
    if (block.line == 0) {
      block.file = t.file;
      block.line = block.last = t.line;
    } else if (t.file == block.file) {
      block.line = std::min(block.line, t.line);
      block.last = std::max(block.last, t.line);
    }
  }
  return block;
}

void print_table() {
  each_kernel([](const Kernel& kernel) {
    const auto blocks = kernel.coverage.blocks();
    const auto missed = std::ranges::count(blocks, 0, &BlockRecord::runs);
    if (blocks.empty()) {
      std::fprintf(stderr, "cudasim: coverage of %s: never launched\n", kernel.title.c_str());
      return;
    }
    std::fprintf(stderr, "cudasim: coverage of %s: %zu of %zu blocks ran\n", kernel.title.c_str(),
                 blocks.size() - missed, blocks.size());
    for (const auto& block : blocks) {
      if (block.runs == 0) std::fprintf(stderr, "cudasim:   never: %s\n", place_of(block).c_str());
    }
  });
}

CoverageRecord whole_record() {
  CoverageRecord record;
  each_kernel([&](const Kernel& kernel) {
    const bool ran = kernel.coverage.launches() > 0;
    record[{kernel.symbol, ran ? kernel.loaded->module->architecture : 0}] = {
        kernel.title, kernel.coverage.launches(), kernel.coverage.blocks()};
  });
  return record;
}

// A file of its own for each process.
void write_file(const std::string& folder) {
  std::error_code ignored;  // the file that cannot be made says it
  std::filesystem::create_directories(folder, ignored);
  std::string path = folder + "/XXXXXX";
  const int file = mkstemp(path.data());
  if (file >= 0) {
    close(file);
    std::ofstream out(path);
    write_record(out, whole_record());
    if (out.flush()) return;
  }
  Machine::get().report("coverage", "cannot write to the folder " + folder);
}

}  // namespace

std::vector<BlockRecord> Coverage::blocks() const {
  std::vector<BlockRecord> made;
  if (function_ == nullptr) return made;
  std::vector<long long> runs(steps_.size());
  long long sum = 0;
  for (std::size_t at = 0; at < steps_.size(); ++at) runs[at] = sum += steps_[at];
  const auto starts = block_starts(*function_);
  const auto reached = reachable(*function_);
  for (std::size_t k = 0; k + 1 < starts.size(); ++k) {
    if (!reached[starts[k]]) continue;
    made.push_back(describe(*function_, starts[k], starts[k + 1]));
    made.back().runs = runs[starts[k]];
  }
  return made;
}

void report_coverage() {
  const Settings& s = settings();
  each_kernel([&](const Kernel& kernel) {
    if (s.all_kernels && kernel.coverage.launches() == 0)
      Machine::get().report("never-launched", kernel.title);
  });
  if (s.table) print_table();
  if (!s.coverage.empty()) write_file(s.coverage);
}

// NOLINTBEGIN(readability-identifier-naming)
extern "C" int cudasim_block_at(const char* name, int index, cudasim_block* block) {
  const Guard guard(Machine::get());
  static auto* files = new std::set<std::string>;  // they stay where they are
  int found = 0;
  each_kernel([&](const Kernel& kernel) {
    if (kernel.title != name || found != 0) return;
    const auto blocks = kernel.coverage.blocks();
    if (index >= 0 && index < std::ssize(blocks)) {
      const BlockRecord& b = blocks[index];
      const auto file = files->insert(b.file).first;
      *block = {b.runs, b.ptx_line, b.ptx_last, b.line, b.last, file->c_str()};
      found = 1;
    }
    index -= static_cast<int>(blocks.size());
  });
  return found;
}
// NOLINTEND(readability-identifier-naming)

}  // namespace keen::sim::ptx
