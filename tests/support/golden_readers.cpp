// Which reader plays which kind of golden case.
#include <map>

#include "tests/support/golden.h"
#include "tests/support/ops_reader.h"
#include "tests/support/optimizers_reader.h"
#include "tests/support/random_reader.h"

namespace keen::test {

GoldenReader reader_of(const std::string& kind) {
  static const std::map<std::string, GoldenReader> readers{
      {"ops", read_ops}, {"optimizers", read_optimizers}, {"random", read_random}};
  const auto found = readers.find(kind);
  return found == readers.end() ? nullptr : found->second;
}

}  // namespace keen::test
