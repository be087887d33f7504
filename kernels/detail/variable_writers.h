// The variables of a call, locked and open for writing.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "runtime/op/op.h"
#include "runtime/tensor/variable.h"

namespace keen::detail {

class VariableWriters {
 public:
  explicit VariableWriters(const op::KernelContext& context)
      : writers_(static_cast<std::size_t>(context.variable_count())) {
    for (std::size_t i = 0; i < writers_.size(); ++i) {
      writers_[i].emplace(context.variable(static_cast<int>(i)));
    }
  }
  // Elements of variable i, to be changed in place.
  template <class T>
  [[nodiscard]] T* at(int i) {
    return static_cast<T*>(writers_[static_cast<std::size_t>(i)]->update());
  }

 private:
  std::vector<std::optional<VariableWriter>> writers_;
};

}  // namespace keen::detail
