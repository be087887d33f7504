#include "tests/support/numeric_gradient.h"

#include <cmath>
#include <cstdint>

#include "runtime/base/text.h"

namespace keen::test {
namespace {

std::vector<double> as_double(const Tensor& tensor) {
  std::vector<double> result;
  visit_dtype<float, double, half, bfloat16>(tensor.dtype(), [&]<class T>() {
    for (const T value : tensor.to_vector<T>()) result.push_back(static_cast<double>(value));
  });
  return result;
}

Tensor from_double(const std::vector<double>& values, const TensorSpec& spec) {
  Tensor result;
  visit_dtype<float, double, half, bfloat16>(spec.dtype, [&]<class T>() {
    std::vector<T> narrow;
    narrow.reserve(values.size());
    for (const double value : values) {
      if constexpr (sizeof(T) == 2) {
        narrow.push_back(T(static_cast<float>(value)));
      } else {
        narrow.push_back(static_cast<T>(value));
      }
    }
    result = Tensor::from_vector(narrow, spec.shape);
  });
  return result;
}

double weighted_sum(const OpCall& call, const std::vector<Tensor>& inputs,
                    const std::vector<Tensor>& cotangents) {
  const std::vector<Tensor> outputs = call(inputs);
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!cotangents[i].defined()) continue;
    const std::vector<double> values = as_double(outputs[i]);
    const std::vector<double> weights = as_double(cotangents[i]);
    for (std::size_t j = 0; j < values.size(); ++j) sum += values[j] * weights[j];
  }
  return sum;
}

}  // namespace

std::vector<Tensor> converted(const std::vector<Tensor>& tensors, DType dtype) {
  std::vector<Tensor> result = tensors;
  for (Tensor& tensor : result) {
    if (!tensor.defined() || !is_floating(tensor.dtype())) continue;
    tensor = from_double(as_double(tensor), {dtype, tensor.shape()});
  }
  return result;
}

Tensor arbitrary(const TensorSpec& spec, std::uint64_t seed) {
  std::vector<double> values(static_cast<std::size_t>(spec.shape.num_elements()));
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (double& value : values) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    // 8 bits, so that every floating type holds the number exactly.
    value = static_cast<double>(state >> 56) / 128.0 - 1.0;
  }
  return from_double(values, spec);
}

std::vector<std::string> compare_with_differences(const OpCall& call,
                                                  const std::vector<Tensor>& inputs,
                                                  const std::vector<Tensor>& cotangents,
                                                  const std::vector<Tensor>& gradients,
                                                  std::size_t most_elements) {
  std::vector<std::string> problems;
  std::vector<Tensor> moved = inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !is_floating(inputs[i].dtype())) continue;
    const bool exact = inputs[i].dtype() == DType::kFloat64;
    std::vector<double> values = as_double(inputs[i]);
    std::vector<double> analytic(values.size());
    if (gradients[i].defined()) analytic = as_double(gradients[i]);
    const std::size_t stride = (values.size() + most_elements - 1) / most_elements;
    for (std::size_t j = 0; j < values.size(); j += stride) {
      const double at = values[j];
      const double step = (exact ? 1e-6 : 1e-2) * std::fmax(1.0, std::fabs(at));
      double sides[2];
      for (int side = 0; side < 2; ++side) {
        values[j] = side == 0 ? at - step : at + step;
        moved[i] = from_double(values, inputs[i].spec());
        sides[side] = weighted_sum(call, moved, cotangents);
      }
      values[j] = at;
      const double numeric = (sides[1] - sides[0]) / (2 * step);
      const double scale = std::fmax(std::fabs(numeric), std::fabs(analytic[j]));
      const double allowed = exact ? 1e-7 + 1e-5 * scale : 1e-2 + 2e-2 * scale;
      if (std::fabs(numeric - analytic[j]) <= allowed) continue;
      problems.push_back(text("gradient of input ", i, " at element ", j, ": the tape gives ",
                              analytic[j], ", finite differences give ", numeric));
      break;
    }
    moved[i] = inputs[i];
  }
  return problems;
}

}  // namespace keen::test
