// The project's own sources, read from the tree that the tests were built from.
#pragma once

#include <string>
#include <vector>

namespace keen::test {

struct SourceFile {
  std::string path;  // from the root, with '/'
  std::vector<std::string> lines;

  bool is_header() const { return path.ends_with(".h") || path.ends_with(".cuh"); }
  bool is_below(const std::string& folder) const { return path.starts_with(folder + "/"); }

  /// "path:line: text" for a line counted from 0: how a finding is shown.
  std::string at(std::size_t line) const;

  /// The files named by #include "…", then by #include <…>.
  std::vector<std::string> quoted_includes() const;
  std::vector<std::string> bracketed_includes() const;
};

/// The root of the source tree, without a slash at its end.
std::string source_root();

/// The text of a file below the root. Throws std::runtime_error where it cannot be read.
std::string read_source(const std::string& path);

/// Every .h, .cpp, .cuh and .cu below runtime, kernels, shim, tests and benchmarks, by path. Read
/// once.
const std::vector<SourceFile>& source_files();

/// The same text with comments and the contents of string and character literals blanked out; lines
/// stay where they are.
std::vector<std::string> code_only(const SourceFile& file);

}  // namespace keen::test
