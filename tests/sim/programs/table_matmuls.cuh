// The products of the library support table.
#pragma once
#include "tests/sim/programs/table_run.cuh"
#include "tests/sim/programs/table_specs.h"

namespace keen::sim::test {

struct MatmulQuestion {
  const MatmulSpec* spec;
  cudaDataType type;
  cublasComputeType_t compute;
  cublasLtEpilogue_t epilogue;

  bool wide() const { return type == CUDA_R_64F; }
  bool has_vector() const {
    return epilogue != CUBLASLT_EPILOGUE_DEFAULT && epilogue != CUBLASLT_EPILOGUE_RELU;
  }
};

// What Keen asks for: see runtime/device/cuda/matrix_product.cpp.
constexpr std::uint32_t kAlignment = 256;
constexpr std::uint32_t kReductions = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
constexpr int kMostResults = 8;

// What the heuristics name that works.
struct Results {
  cublasLtMatmulAlgo_t first;
  std::vector<std::size_t> workspace_bytes;
};

// The descriptors of a question, and cuBLASLt's calls.
class MatmulCalls {
 public:
  MatmulCalls(Gpu& gpu, const MatmulQuestion& q, std::size_t workspace_bytes) : gpu_(gpu), q_(q) {
    const MatmulSpec& s = *q.spec;
    KEEN_STATUS_CHECK(
        cublasLtMatmulDescCreate(&operation_, q.compute, q.wide() ? CUDA_R_64F : CUDA_R_32F));
    set_attribute(operation_, CUBLASLT_MATMUL_DESC_TRANSA,
                  s.transposes_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    set_attribute(operation_, CUBLASLT_MATMUL_DESC_TRANSB,
                  s.transposes_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set_attribute(operation_, CUBLASLT_MATMUL_DESC_EPILOGUE, q.epilogue);
    if (q.has_vector()) set_attribute(operation_, CUBLASLT_MATMUL_DESC_BIAS_POINTER, make_vector());
    const auto layout = [&](int rows, int columns) {
      return LtProblem::layout(q.type, rows, columns, s.batch);
    };
    a_ = s.transposes_a ? layout(s.k, s.m) : layout(s.m, s.k);
    b_ = s.transposes_b ? layout(s.n, s.k) : layout(s.k, s.n);
    d_ = layout(s.m, s.n);
    KEEN_STATUS_CHECK(cublasLtMatmulPreferenceCreate(&preference_));
    set_attribute(preference_, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                  static_cast<std::uint64_t>(workspace_bytes));
    set_attribute(preference_, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, kReductions);
    for (const auto attribute :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set_attribute(preference_, attribute, kAlignment);
    }
  }
  MatmulCalls(const MatmulCalls&) = delete;
  MatmulCalls& operator=(const MatmulCalls&) = delete;
  ~MatmulCalls() {
    cublasLtMatmulDescDestroy(operation_);
    for (cublasLtMatrixLayout_t layout : {a_, b_, d_}) cublasLtMatrixLayoutDestroy(layout);
    cublasLtMatmulPreferenceDestroy(preference_);
  }

  int ask_heuristics(Results* found) const {
    cublasLtMatmulHeuristicResult_t results[kMostResults];
    int count = 0;
    const int status = cublasLtMatmulAlgoGetHeuristic(gpu_.lt(), operation_, a_, b_, d_, d_,
                                                      preference_, kMostResults, results, &count);
    for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < count; ++i) {
      if (results[i].state != CUBLAS_STATUS_SUCCESS) continue;
      if (found->workspace_bytes.empty()) found->first = results[i].algo;
      found->workspace_bytes.push_back(results[i].workspaceSize);
    }
    return status;
  }

  int run(const cublasLtMatmulAlgo_t& algorithm, void* memory, std::size_t bytes,
          void* output) const {
    static constexpr double kWide[] = {1, 0};
    static constexpr float kNarrow[] = {1, 0};
    const void* one = q_.wide() ? static_cast<const void*>(kWide) : kNarrow;
    const void* zero = q_.wide() ? static_cast<const void*>(kWide + 1) : kNarrow + 1;
    const void* in = gpu_.operand(*value_of(kTypeNames, name_of(kBlasTypeNames, q_.type)));
    return cublasLtMatmul(gpu_.lt(), operation_, one, in, a_, in, b_, zero, output, d_, output, d_,
                          &algorithm, memory, bytes, gpu_.stream());
  }

 private:
  // A bias, of zeros, or where the sums of rows or columns go.
  void* make_vector() const {
    const std::size_t bytes = sizeof(double) * static_cast<std::size_t>(q_.spec->m + q_.spec->n);
    void* vector = gpu_.vector().reserve(bytes);
    KEEN_CUDA_CHECK(cudaMemsetAsync(vector, 0, bytes, gpu_.stream()));
    return vector;
  }

  Gpu& gpu_;
  const MatmulQuestion q_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, d_ = nullptr;
  cublasLtMatmulPreference_t preference_ = nullptr;
};

inline TableLine line_of(const MatmulQuestion& q, std::size_t workspace_limit, long number) {
  TableLine line("matmul");
  line.add("number", number)
      .add("m", q.spec->m)
      .add("n", q.spec->n)
      .add("k", q.spec->k)
      .add("transposes_a", q.spec->transposes_a)
      .add("transposes_b", q.spec->transposes_b)
      .add("batch", q.spec->batch)
      .add("type", name_of(kBlasTypeNames, q.type))
      .add("compute", name_of(kComputeNames, q.compute))
      .add("epilogue", name_of(kEpilogueNames, q.epilogue))
      .add("alignment", static_cast<long>(kAlignment))
      .add("reductions", static_cast<long>(kReductions))
      .add("workspace_limit", workspace_limit);
  return line;
}

inline void ask_matmul(Gpu& gpu, const MatmulQuestion& q, std::size_t workspace_limit, long planted,
                       Progress& progress, TableFile& file) {
  if (!progress.next()) return;
  TableLine line = line_of(q, workspace_limit, progress.number());
  const MatmulCalls calls(gpu, q, workspace_limit);
  Results found;
  line.add("heuristics_status", calls.ask_heuristics(&found));
  const auto& workspaces = found.workspace_bytes;
  line.add("results", workspaces.size()).add_list("workspace_bytes", workspaces);
  Outcome outcome;
  void* memory = nullptr;
  if (!workspaces.empty()) memory = gpu.workspace().reserve(workspaces[0]);
  if (!workspaces.empty() && (workspaces[0] == 0 || memory != nullptr)) {
    const std::size_t elements =
        static_cast<std::size_t>(q.spec->batch) * q.spec->m * static_cast<std::size_t>(q.spec->n);
    outcome = gpu.run_twice(elements * (q.wide() ? 8 : 4), CUBLAS_STATUS_EXECUTION_FAILED,
                            [&](void* output) {
                              if (progress.number() == planted) {
                                write_to<<<1, 1, 0, gpu.stream()>>>(nullptr);
                              }
                              return calls.run(found.first, memory, workspaces[0], output);
                            });
  }
  add_outcome(outcome, &line);
  finish(gpu, outcome, line, progress.number(), file);
}

}  // namespace keen::sim::test
