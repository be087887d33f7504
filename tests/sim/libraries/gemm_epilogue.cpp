#include <cmath>
#include <cstring>

#include "tests/sim/core/memory.h"
#include "tests/sim/libraries/gemm.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

constexpr long kBits = 8;

// GELU in its tanh form (unsourced: cuBLASLt's documentation does not say which form it takes).
constexpr double kRootTwoOverPi = 0.79788456080286535588;
constexpr double kCubic = 0.044715;

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(kRootTwoOverPi * (x + kCubic * x * x * x)));
}

double gelu_slope(double x) {
  const double t = std::tanh(kRootTwoOverPi * (x + kCubic * x * x * x));
  return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * kRootTwoOverPi * (1 + 3 * kCubic * x * x);
}

Matrix auxiliary_matrix(const Gemm& gemm) {
  Matrix matrix = gemm.d;
  matrix.data = gemm.auxiliary.data;
  matrix.row_stride = 1;
  matrix.column_stride = gemm.auxiliary.leading;
  matrix.batch_stride = gemm.auxiliary.batch_stride;
  return matrix;
}

// The bits of one column of the mask.
unsigned char* mask_line(const Gemm& gemm, long column, long batch) {
  const Auxiliary& mask = gemm.auxiliary;
  return static_cast<unsigned char*>(backing(mask.data)) +
         (column * mask.leading + batch * mask.batch_stride) / kBits;
}

// The activation of one value, or what its gradient passes on.
double activated(const Gemm& gemm, double value, long i, long j, long batch) {
  const bool keeps = gemm.auxiliary.data != nullptr;
  switch (gemm.activation) {
    case Activation::kNone:
      return value;
    case Activation::kRelu:
      if (keeps && !(value > 0)) mask_line(gemm, j, batch)[i / kBits] &= ~(1U << (i % kBits));
      return value < 0 ? 0 : value;
    case Activation::kReluGradient:
      return (mask_line(gemm, j, batch)[i / kBits] >> (i % kBits) & 1) != 0 ? value : 0;
    case Activation::kGelu:
    case Activation::kGeluGradient:
      break;
  }
  if (gemm.activation == Activation::kGeluGradient) {
    const Matrix input = auxiliary_matrix(gemm);
    return value * gelu_slope(load(backing(input.data), input.type, place(input, i, j, batch)));
  }
  if (keeps) {
    store(backing(gemm.auxiliary.data), gemm.d.type, place(auxiliary_matrix(gemm), i, j, batch),
          value);
  }
  return gelu(value);
}

// T is what the product is summed in.
template <class T>
void bias_gradient(const Gemm& gemm, long batch) {
  const bool of_a = gemm.gradient == BiasGradient::kOfA;
  const long count = of_a ? gemm.rows() : gemm.columns();
  for (long i = 0; i < count; ++i) {
    T sum = 0;
    for (long p = 0; p < gemm.depth(); ++p) {
      sum += static_cast<T>(of_a ? operand(gemm, gemm.a, i, p, batch)
                                 : operand(gemm, gemm.b, p, i, batch));
    }
    store(backing(gemm.gradient_out), gemm.d.type,
          static_cast<std::size_t>(i + batch * gemm.bias_batch_stride), sum);
  }
}

Matrix bias_vector(const Gemm& gemm) {
  Matrix vector = gemm.d;
  vector.data = gemm.bias != nullptr ? gemm.bias : gemm.gradient_out;
  vector.rows = gemm.gradient == BiasGradient::kOfB ? gemm.columns() : gemm.rows();
  vector.columns = 1;
  vector.row_stride = 1;
  vector.column_stride = vector.rows;
  vector.batch_stride = gemm.bias_batch_stride;
  return vector;
}

}  // namespace

template <class T>
void finish(const Gemm& gemm, long batch, Panels<T>* sums) {
  const T alpha = static_cast<T>(gemm.alpha);
  const T beta = static_cast<T>(gemm.beta);
  void* out = backing(const_cast<void*>(gemm.d.data));
  const bool sums_result = gemm.gradient == BiasGradient::kOfResult;
  std::vector<T> row_sums(static_cast<std::size_t>(sums_result ? gemm.rows() : 0));
  for (long j = 0; j < gemm.columns(); ++j) {
    if (gemm.activation == Activation::kRelu && gemm.auxiliary.data != nullptr) {
      // Bits behind the last row may become anything.
      std::memset(mask_line(gemm, j, batch), 0xff,
                  static_cast<std::size_t>(gemm.auxiliary.leading / kBits));
    }
    for (long i = 0; i < gemm.rows(); ++i) {
      T value = alpha * sums->at(i, j);
      if (gemm.beta != 0) {  // an output that only is written may hold NaN (cuBLAS, "gemm")
        value += beta * static_cast<T>(
                            load(backing(gemm.c.data), gemm.c.type, place(gemm.c, i, j, batch)));
      }
      if (gemm.bias != nullptr) {
        value += static_cast<T>(load(backing(gemm.bias), gemm.d.type,
                                     static_cast<std::size_t>(i + batch * gemm.bias_batch_stride)));
      }
      const double result = activated(gemm, value, i, j, batch);
      if (sums_result) row_sums[static_cast<std::size_t>(i)] += static_cast<T>(result);
      store(out, gemm.d.type, place(gemm.d, i, j, batch), result);
    }
  }
  for (std::size_t i = 0; i < row_sums.size(); ++i) {
    store(backing(gemm.gradient_out), gemm.d.type,
          i + static_cast<std::size_t>(batch * gemm.bias_batch_stride), row_sums[i]);
  }
  if (gemm.gradient != BiasGradient::kNone && !sums_result) bias_gradient<T>(gemm, batch);
}

template void finish(const Gemm& gemm, long batch, Panels<float>* sums);
template void finish(const Gemm& gemm, long batch, Panels<double>* sums);

bool epilogue_lies_on_device(const Gemm& gemm) {
  const auto check = [&](const char* name, const void* pointer, std::size_t alignment) {
    return device_operand(gemm.name, name, pointer, alignment);
  };
  const std::size_t element = size_of(gemm.d.type);
  if (gemm.bias != nullptr && !check("bias", gemm.bias, element)) return false;
  if (gemm.gradient != BiasGradient::kNone && !check("bias gradient", gemm.gradient_out, element)) {
    return false;
  }
  // A line of the mask is at least 128 bits; that the first begins at such a place is unsourced.
  return gemm.auxiliary.data == nullptr ||
         check("the auxiliary buffer", gemm.auxiliary.data, gemm.has_mask() ? 16 : element);
}

void add_epilogue_ranges(const Gemm& gemm, std::vector<Access>* accesses) {
  if (gemm.bias != nullptr || gemm.gradient != BiasGradient::kNone) {
    add_ranges(bias_vector(gemm), gemm.batch,
               gemm.bias != nullptr ? AccessKind::kRead : AccessKind::kWrite, accesses);
  }
  if (gemm.auxiliary.data == nullptr) return;
  const AccessKind kind = gemm.reads_auxiliary() ? AccessKind::kRead : AccessKind::kWrite;
  if (!gemm.has_mask()) {
    add_ranges(auxiliary_matrix(gemm), gemm.batch, kind, accesses);
    return;
  }
  const long bytes = gemm.columns() * gemm.auxiliary.leading / kBits;
  for (long batch = 0; batch < gemm.batch; ++batch) {
    accesses->push_back({static_cast<const char*>(gemm.auxiliary.data) +
                             batch * gemm.auxiliary.batch_stride / kBits,
                         static_cast<std::size_t>(bytes), kind});
  }
}

}  // namespace keen::sim
