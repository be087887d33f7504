// The tensors of a golden case.
#pragma once

#include <map>
#include <string>

#include "runtime/tensor/tensor.h"
#include "tests/support/compare.h"  // IWYU pragma: export

namespace keen::test {

// What a .safetensors file holds: 8 bytes header length, a JSON header, raw little-endian elements.
class GoldenArrays {
 public:
  // Throws std::runtime_error, naming file and tensor, for a file that is not of that form or holds
  // a type that Keen lacks.
  [[nodiscard]] static GoldenArrays read(const std::string& path);

  // Throws std::runtime_error if there is none of that name.
  [[nodiscard]] const Tensor& at(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, Tensor>& all() const { return tensors_; }

 private:
  std::map<std::string, Tensor> tensors_;
};

}  // namespace keen::test
