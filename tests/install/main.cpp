#include <vector>

#include "runtime/op/core_ops.h"
#include "runtime/tensor/tensor.h"

int main() {
  const auto one = keen::Tensor::from_vector<float>({1, 2, 3});
  const auto sum = keen::add_n(std::vector{one, one});
  return sum.to_vector<float>() == std::vector<float>{2, 4, 6} ? 0 : 1;
}
