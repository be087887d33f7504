// A number for the bits of tensors, to find out whether two machines give the same.
#pragma once

#include <cstdint>

#include "runtime/tensor/tensor.h"

namespace keen::test {

// FNV-1a over dtype, shape and elements. Every nan counts as the same one: which bits a device
// gives it is open.
class BitDigest {
 public:
  void add(const Tensor& tensor);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void add_bytes(const void* bytes, std::size_t count);

  std::uint64_t value_ = 0xcbf29ce484222325;
};

}  // namespace keen::test
