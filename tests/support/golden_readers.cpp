// Which reader plays which kind of golden case.
#include <map>

#include "tests/support/golden.h"
#include "tests/support/model_reader.h"
#include "tests/support/ops_reader.h"
#include "tests/support/optimizers_reader.h"
#include "tests/support/random_reader.h"
#include "tests/support/scopes_reader.h"

namespace keen::test {

GoldenReader reader_of(const std::string& kind) {
  static const std::map<std::string, GoldenReader> readers{
      {"batch_norm", read_batch_norm},
      {"dense_get_variable", read_dense_get_variable},
      {"ops", read_ops},
      {"optimizers", read_optimizers},
      {"random", read_random},
      {"scopes", read_scopes},
      {"v1_layers_model", read_v1_layers_model},
  };
  const auto found = readers.find(kind);
  return found == readers.end() ? nullptr : found->second;
}

}  // namespace keen::test
