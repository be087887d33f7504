// What cuBLASLt's epilogues compute, and cuBLAS with a workspace of the caller's, beside the same
// on the host in double, with 20 seeds.
#include "tests/sim/programs/libraries.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

constexpr int kRows = 24, kColumns = 7, kDepth = 10, kBatch = 3;
constexpr int kSize = kRows * kColumns;
constexpr int kMaskBits = 128;  // from column to column
constexpr int kRoot = 40;       // from column to column of what GELU leaves

struct Epilogue {
  cublasLtEpilogue_t name;
  bool bias, relu, gelu, back, auxiliary, gradient;
};

constexpr Epilogue kEpilogues[] = {
    {CUBLASLT_EPILOGUE_DEFAULT, false, false, false, false, false, false},
    {CUBLASLT_EPILOGUE_BIAS, true, false, false, false, false, false},
    {CUBLASLT_EPILOGUE_RELU, false, true, false, false, false, false},
    {CUBLASLT_EPILOGUE_RELU_BIAS, true, true, false, false, false, false},
    {CUBLASLT_EPILOGUE_RELU_AUX, false, true, false, false, true, false},
    {CUBLASLT_EPILOGUE_RELU_AUX_BIAS, true, true, false, false, true, false},
    {CUBLASLT_EPILOGUE_GELU, false, false, true, false, false, false},
    {CUBLASLT_EPILOGUE_GELU_BIAS, true, false, true, false, false, false},
    {CUBLASLT_EPILOGUE_GELU_AUX, false, false, true, false, true, false},
    {CUBLASLT_EPILOGUE_GELU_AUX_BIAS, true, false, true, false, true, false},
    {CUBLASLT_EPILOGUE_DRELU, false, true, false, true, true, false},
    {CUBLASLT_EPILOGUE_DRELU_BGRAD, false, true, false, true, true, true},
    {CUBLASLT_EPILOGUE_DGELU, false, false, true, true, true, false},
    {CUBLASLT_EPILOGUE_DGELU_BGRAD, false, false, true, true, true, true},
    {CUBLASLT_EPILOGUE_BGRADA, false, false, false, false, false, true},
    {CUBLASLT_EPILOGUE_BGRADB, false, false, false, false, false, true},
};

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}
double gelu_slope(double x) {
  constexpr double kStep = 1e-5;
  return (gelu(x + kStep) - gelu(x - kStep)) / (2 * kStep);
}

// Every third element was negative.
bool was_positive(int batch, int i, int j) { return (batch + i + j) % 3 != 0; }

template <class T>
class Matmul {
 public:
  explicit Matmul(const Epilogue& epilogue) : epilogue_(epilogue) {
    for (int b = 0; b < kBatch; ++b) expect(b);
  }

  // Whether the library had an algorithm.
  bool check(Checks& checks) {
    LtProblem problem(TypeOf<T>::blas, kRows, kColumns, kDepth, epilogue_.name, kBatch);
    T *out = device_array<T>(kBatch * kSize), *vector = device_copy(bias_);
    void* auxiliary = make_auxiliary();
    const std::int64_t vector_stride = epilogue_.gradient ? kRows : 0;
    problem.set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<void*>(vector));
    problem.set(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE, vector_stride);
    if (epilogue_.auxiliary) {
      problem.set_auxiliary(auxiliary, epilogue_.relu ? kMaskBits : kRoot,
                            (epilogue_.relu ? kMaskBits : kRoot) * kColumns);
    }
    cublasLtHandle_t lt = lt_handle();
    cublasLtMatmulHeuristicResult_t found;
    const T *a = device_copy(a_), *b = device_copy(b_);
    const bool known = problem.find(lt, &found);
    const int status = problem.run(lt, known ? &found.algo : nullptr, a, b, out);
    checks.expect((status == CUBLAS_STATUS_SUCCESS) == known, "heuristics and call agree");
    if (!known || status != CUBLAS_STATUS_SUCCESS) return false;
    checks.expect(are_close(host_copy(out, d_.size()), d_), "matmul");
    if (epilogue_.gradient) check_gradient(vector, checks);
    if (epilogue_.auxiliary && !epilogue_.back) check_auxiliary(auxiliary, checks);
    return true;
  }

 private:
  double product(int batch, int i, int j) const {
    double sum = 0;
    for (int p = 0; p < kDepth; ++p) {
      sum += to_double(a_[(batch * kDepth + p) * kRows + i]) *
             to_double(b_[(batch * kColumns + j) * kDepth + p]);
    }
    return sum;
  }

  // The input of GELU that the way forward left.
  double left(int batch, int i, int j) const {
    return to_double(left_[(batch * kColumns + j) * kRoot + i]);
  }

  void expect(int batch) {
    for (int j = 0; j < kColumns; ++j) {
      for (int i = 0; i < kRows; ++i) {
        double value = product(batch, i, j) + (epilogue_.bias ? to_double(bias_[i]) : 0);
        inputs_.push_back(value);
        if (epilogue_.relu) {
          const bool passes = epilogue_.back ? was_positive(batch, i, j) : value > 0;
          value = passes ? value : 0;
        }
        if (epilogue_.gelu) {
          value = epilogue_.back ? value * gelu_slope(left(batch, i, j)) : gelu(value);
        }
        d_.push_back(value);
      }
    }
  }

  void* make_auxiliary() const {
    if (!epilogue_.relu) return device_copy(left_);
    std::vector<unsigned char> mask(kBatch * kColumns * kMaskBits / 8);
    for (int k = 0; k < kBatch * kSize; ++k) {
      const int i = k % kRows, column = k / kRows;
      if (!was_positive(column / kColumns, i, column % kColumns)) continue;
      mask[column * kMaskBits / 8 + i / 8] |= 1 << i % 8;
    }
    return device_copy(mask);
  }

  void check_gradient(const T* vector, Checks& checks) const {
    const bool of_columns = epilogue_.name == CUBLASLT_EPILOGUE_BGRADB;
    const int count = of_columns ? kColumns : kRows;
    const auto got = host_copy(vector, kBatch * kRows);
    std::vector<T> kept;
    std::vector<double> wanted;
    for (int batch = 0; batch < kBatch; ++batch) {
      for (int i = 0; i < count; ++i) {
        double sum = 0;
        for (int j = 0; j < kColumns && epilogue_.back; ++j) {
          sum += d_[(batch * kColumns + j) * kRows + i];
        }
        for (int p = 0; p < kDepth && !epilogue_.back; ++p) {
          sum += to_double(of_columns ? b_[(batch * kColumns + i) * kDepth + p]
                                      : a_[(batch * kDepth + p) * kRows + i]);
        }
        kept.push_back(got[batch * kRows + i]);
        wanted.push_back(sum);
      }
    }
    checks.expect(are_close(kept, wanted), "gradient of a bias");
  }

  void check_auxiliary(const void* auxiliary, Checks& checks) const {
    if (epilogue_.gelu) {
      const auto got = host_copy(static_cast<const T*>(auxiliary), left_.size());
      std::vector<T> kept;
      for (int k = 0; k < kBatch * kSize; ++k) kept.push_back(got[k / kRows * kRoot + k % kRows]);
      checks.expect(are_close(kept, inputs_), "what GELU leaves");
      return;
    }
    const auto got =
        host_copy(static_cast<const unsigned char*>(auxiliary), kBatch * kColumns * kMaskBits / 8);
    bool same = true;
    for (int k = 0; k < kBatch * kSize; ++k) {
      const int i = k % kRows;
      const bool bit = (got[k / kRows * kMaskBits / 8 + i / 8] >> i % 8 & 1) != 0;
      // Near zero the sign is the rounding's.
      same &= bit == (inputs_[k] > 0) || std::fabs(inputs_[k]) < TypeOf<T>::error;
    }
    checks.expect(same, "the mask that ReLU leaves");
  }

  const Epilogue epilogue_;
  std::vector<T> a_ = some_values<T>(kBatch * kRows * kDepth, 7);
  std::vector<T> b_ = some_values<T>(kBatch * kColumns * kDepth, 11);
  std::vector<T> bias_ = some_values<T>(kBatch * kRows, 5);
  std::vector<T> left_ = some_values<T>(kBatch * kColumns * kRoot, 13, 3);
  std::vector<double> d_, inputs_;
};

// `given`: by epilogue, how often there was an algorithm.
template <class T>
void check_type(int (&given)[std::size(kEpilogues)], Checks& checks) {
  for (std::size_t e = 0; e < std::size(kEpilogues); ++e) {
    given[e] += Matmul<T>(kEpilogues[e]).check(checks) ? 1 : 0;
  }
}

// Row-major, as TensorFlow keeps it: c = a b is c' = b' a' to cuBLAS. `trans` turns a.
void check_workspace(Checks& checks) {
  const auto a = some_values<float>(kRows * kDepth, 7),
             b = some_values<float>(kDepth * kColumns, 5);
  std::vector<double> wanted(kSize);
  for (int k = 0; k < kSize; ++k) {
    for (int p = 0; p < kDepth; ++p) {
      wanted[k] +=
          static_cast<double>(a[p * kRows + k / kColumns]) * b[p * kColumns + k % kColumns];
    }
  }
  constexpr std::size_t kBytes = 4 << 20;
  cudaStream_t stream = nullptr;
  KEEN_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  cublasHandle_t blas = blas_handle(stream);
  KEEN_STATUS_CHECK(cublasSetWorkspace(blas, device_array<char>(kBytes), kBytes));
  const float one = 1, zero = 0;
  auto* c = device_array<float>(kSize);
  KEEN_STATUS_CHECK(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, kColumns, kRows, kDepth, &one,
                                device_copy(b), kColumns, device_copy(a), kRows, &zero, c,
                                kColumns));
  KEEN_CUDA_CHECK(cudaStreamSynchronize(stream));
  checks.expect(are_close(host_copy(c, kSize), wanted), "matmul with a workspace");
}

}  // namespace

int main() {
  Checks checks;
  cudaDeviceProp properties;
  KEEN_CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
  int given[std::size(kEpilogues)] = {}, runs = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_type<float>(given, checks);
    check_type<__half>(given, checks);
    if (properties.major >= 8) check_type<__nv_bfloat16>(given, checks);
    runs += properties.major >= 8 ? 3 : 2;
    check_workspace(checks);
  }
  for (std::size_t e = 0; e < std::size(kEpilogues); ++e) {
    const Epilogue& epilogue = kEpilogues[e];
    const bool basic = !epilogue.auxiliary && !epilogue.gradient;
    checks.expect(basic ? given[e] == runs : given[e] > 0, "an algorithm for each epilogue");
    if (!keen::sim::simulated() || basic) continue;
    checks.expect(given[e] < runs, "by seed, an epilogue is refused");
  }
  return checks.status();
}
