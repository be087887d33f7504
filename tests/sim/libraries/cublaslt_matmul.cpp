#include <algorithm>

#include "tests/sim/core/machine.h"
#include "tests/sim/core/stalls.h"
#include "tests/sim/libraries/cublas_types.h"
#include "tests/sim/libraries/cublaslt_epilogue.h"
#include "tests/sim/libraries/cublaslt_problem.h"
#include "tests/sim/libraries/library.h"
#include "tests/sim/libraries/library_table.h"

// The handle that <cublasLt.h> declares.
struct cublasLtContext {  // NOLINT(readability-identifier-naming)
  int device = 0;
};

namespace keen::sim {
namespace {

// A handle of cuBLAS is one of cuBLASLt as well (cuBLAS, "cublasLtHandle_t"). -1: neither.
int handle_device(cublasLtHandle_t handle) {
  if (registry<cublasLtContext>().has(handle)) return handle->device;
  const auto* blas = reinterpret_cast<const cublasContext*>(handle);
  return registry<cublasContext>().has(blas) ? blas->device : -1;
}

// Epilogues that write or read more than a bias may find no algorithm on hardware; which ones is
// unsourced, so that the seed says it.
bool is_refused(const Problem& problem) {
  const MatmulDescriptor& operation = problem.operation;
  constexpr std::uint32_t kBasic = CUBLASLT_EPILOGUE_DEFAULT | CUBLASLT_EPILOGUE_BIAS |
                                   CUBLASLT_EPILOGUE_RELU | CUBLASLT_EPILOGUE_GELU;
  if ((operation.epilogue & ~kBasic) == 0) return false;
  std::string text = "matmul";
  const auto add = [&](long value) { text += ' ' + std::to_string(value); };
  add(operation.epilogue);
  add(operation.compute);
  add(operation.operation_a);
  add(operation.operation_b);
  for (const auto* layout : {&problem.a, &problem.b, &problem.d}) {
    add(layout->type);
    add(static_cast<long>(layout->rows));
    add(static_cast<long>(layout->columns));
    add(layout->leading);
    add(layout->batch);
  }
  return is_refused_by_seed(text);
}

// What the library support table does not hold is held to the rules.
cublasStatus_t status_by_rules(const Problem& problem, const Gemm& gemm) {
  if (gemm.a.type == Type::kBfloat16 && !has_tf32()) return CUBLAS_STATUS_ARCH_MISMATCH;
  return is_refused(problem) ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
}

// nullptr: the library support table does not hold that problem with that preference.
const MatmulAnswer* find_table_answer(const Problem& problem, const Gemm& gemm,
                                      const PreferenceDescriptor& preference) {
  const auto is_dense = [&](const LayoutDescriptor& layout) {
    const auto size = static_cast<std::int64_t>(layout.rows * layout.columns);
    return layout.order == CUBLASLT_ORDER_COL && layout.type == problem.d.type &&
           layout.leading == static_cast<std::int64_t>(layout.rows) &&
           (layout.batch == 1 || layout.batch_stride == size);
  };
  for (const auto* layout : {&problem.a, &problem.b, &problem.c, &problem.d}) {
    if (!is_dense(*layout)) return nullptr;
  }
  const MatmulDescriptor& operation = problem.operation;
  const MatmulAnswer* answer =
      find_answer({.m = gemm.rows(),
                   .n = gemm.columns(),
                   .k = gemm.a.columns,
                   .transposes_a = operation.operation_a != CUBLAS_OP_N,
                   .transposes_b = operation.operation_b != CUBLAS_OP_N,
                   .type = static_cast<cudaDataType>(problem.d.type),
                   .compute = static_cast<cublasComputeType_t>(operation.compute),
                   .epilogue = static_cast<cublasLtEpilogue_t>(operation.epilogue),
                   .batch = problem.d.batch,
                   .alignment = std::min({preference.alignment_a, preference.alignment_b,
                                          preference.alignment_c, preference.alignment_d}),
                   .reductions = preference.reductions});
  if (answer == nullptr || answer->workspace_bytes.empty()) return answer;
  // With less memory than all its results want, the library would have named others.
  const std::size_t least = *std::ranges::min_element(answer->workspace_bytes);
  return least <= preference.workspace_bytes ? answer : nullptr;
}

std::size_t split_bytes(const Gemm& gemm) {
  return 2 * sizeof(float) * static_cast<std::size_t>(gemm.rows() * gemm.columns());
}

// Holds the call to what the heuristic was told when it gave the algorithm.
cublasStatus_t apply_algorithm(const cublasLtMatmulAlgo_t* chosen, const Problem& problem,
                               std::size_t workspace_bytes, Gemm* gemm) {
  if (chosen == nullptr) return status_by_rules(problem, *gemm);
  Algorithm algorithm;
  if (!read_state(chosen, &algorithm)) return CUBLAS_STATUS_INVALID_VALUE;
  // cublasLt.h, cublasLtMatmulAlgoCheck: descriptors that "don't match algo". That an algorithm
  // fits no other problem is stricter than the library may be.
  if (algorithm.problem != fingerprint(problem)) {
    Machine::get().report("algorithm",
                          std::string(kMatmul) + ": the algorithm was found for another problem");
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  const auto status = algorithm.from_table ? static_cast<cublasStatus_t>(algorithm.run_status)
                                           : status_by_rules(problem, *gemm);
  if (status != CUBLAS_STATUS_SUCCESS) return status;
  if (workspace_bytes < algorithm.workspace_bytes) return CUBLAS_STATUS_INVALID_VALUE;
  const bool reads_c = gemm->beta != 0;
  if (!device_operand(kMatmul, "A, as the heuristic was told,", gemm->a.data,
                      algorithm.alignment_a) ||
      !device_operand(kMatmul, "B, as the heuristic was told,", gemm->b.data,
                      algorithm.alignment_b) ||
      (reads_c && !device_operand(kMatmul, "C, as the heuristic was told,", gemm->c.data,
                                  algorithm.alignment_c)) ||
      !device_operand(kMatmul, "D, as the heuristic was told,", gemm->d.data,
                      algorithm.alignment_d)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  gemm->short_partial_sums = gemm->short_partial_sums && algorithm.short_partial_sums;
  return CUBLAS_STATUS_SUCCESS;
}

Algorithm make_algorithm(const Problem& problem, const PreferenceDescriptor& preference) {
  const auto alignment = [](std::uint32_t bytes) { return static_cast<std::uint16_t>(bytes); };
  Algorithm algorithm;
  algorithm.alignment_a = alignment(preference.alignment_a);
  algorithm.alignment_b = alignment(preference.alignment_b);
  algorithm.alignment_c = alignment(preference.alignment_c);
  algorithm.alignment_d = alignment(preference.alignment_d);
  algorithm.problem = fingerprint(problem);
  algorithm.short_partial_sums =
      (preference.reductions & CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE) != 0;
  return algorithm;
}

bool is_preference_valid(const PreferenceDescriptor& preference) {
  if (preference.search_mode != CUBLASLT_SEARCH_BEST_FIT) {
    report_unsupported("cublasLtMatmulAlgoGetHeuristic",
                       "search mode " + std::to_string(preference.search_mode));
    return false;
  }
  const auto is_power = [](std::uint32_t bytes) {
    return bytes != 0 && (bytes & (bytes - 1)) == 0 && bytes <= 4096;
  };
  return is_power(preference.alignment_a) && is_power(preference.alignment_b) &&
         is_power(preference.alignment_c) && is_power(preference.alignment_d);
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cublasStatus_t cublasLtCreate(cublasLtHandle_t* lightHandle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasLtCreate")) return static_cast<cublasStatus_t>(e);
  if (lightHandle == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (Machine::get().sticky() != cudaSuccess) return CUBLAS_STATUS_NOT_INITIALIZED;
  // cuBLAS, "cublasLtCreate": it allocates on the device; the status is unsourced.
  if (!capture_permits("cublasLtCreate")) return CUBLAS_STATUS_ALLOC_FAILED;
  Stalls::get().check(Machine::thread().device, "cublasLtCreate");
  *lightHandle = registry<cublasLtContext>().make();
  (*lightHandle)->device = Machine::thread().device;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t lightHandle) {
  const Guard guard(Machine::get());
  if (const int e = enter("cublasLtDestroy")) return static_cast<cublasStatus_t>(e);
  return registry<cublasLtContext>().destroy(lightHandle) ? CUBLAS_STATUS_SUCCESS
                                                          : CUBLAS_STATUS_NOT_INITIALIZED;
}

size_t cublasLtGetVersion(void) { return CUBLAS_VERSION; }

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t lightHandle, cublasLtMatmulDesc_t operationDesc, cublasLtMatrixLayout_t Adesc,
    cublasLtMatrixLayout_t Bdesc, cublasLtMatrixLayout_t Cdesc, cublasLtMatrixLayout_t Ddesc,
    cublasLtMatmulPreference_t preference, int requestedAlgoCount,
    cublasLtMatmulHeuristicResult_t heuristicResultsArray[], int* returnAlgoCount) {
  constexpr const char* kApi = "cublasLtMatmulAlgoGetHeuristic";
  const Guard guard(Machine::get());
  if (const int e = enter(kApi)) return static_cast<cublasStatus_t>(e);
  const int device = handle_device(lightHandle);
  if (device < 0) return CUBLAS_STATUS_NOT_INITIALIZED;
  Problem problem;
  PreferenceDescriptor preferred;
  if (!read_problem(operationDesc, Adesc, Bdesc, Cdesc, Ddesc, &problem) ||
      !read_state(preference, &preferred) || requestedAlgoCount <= 0 ||
      heuristicResultsArray == nullptr || returnAlgoCount == nullptr) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  *returnAlgoCount = 0;
  if (!same_device(kApi, device, nullptr) || !is_preference_valid(preferred)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  Gemm gemm;
  if (const auto status = describe(kApi, problem, &gemm)) return status;
  const MatmulAnswer* answer = find_table_answer(problem, gemm, preferred);
  const auto add = [&](std::size_t workspace_bytes) {
    if (*returnAlgoCount == requestedAlgoCount) return;
    Algorithm algorithm = make_algorithm(problem, preferred);
    algorithm.from_table = answer != nullptr;
    if (answer != nullptr) algorithm.run_status = static_cast<std::int16_t>(answer->run);
    algorithm.workspace_bytes = workspace_bytes;
    algorithm.short_partial_sums = algorithm.short_partial_sums && workspace_bytes != 0;
    cublasLtMatmulHeuristicResult_t& result = heuristicResultsArray[(*returnAlgoCount)++];
    result = {};
    write_state(&result.algo, algorithm);
    result.workspaceSize = workspace_bytes;
    result.state = CUBLAS_STATUS_SUCCESS;
    result.wavesCount = 1;
  };
  if (answer != nullptr) {
    for (const std::size_t bytes : answer->workspace_bytes) {
      if (bytes <= preferred.workspace_bytes) add(bytes);
    }
    return answer->heuristics;
  }
  if (const auto status = status_by_rules(problem, gemm)) return status;
  // The split product comes first where its workspace is granted, so that a caller who passes less
  // than the result asks for is found out.
  if (split_bytes(gemm) <= preferred.workspace_bytes) add(split_bytes(gemm));
  add(0);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t lightHandle, cublasLtMatmulDesc_t computeDesc,
                              const void* alpha, const void* A, cublasLtMatrixLayout_t Adesc,
                              const void* B, cublasLtMatrixLayout_t Bdesc, const void* beta,
                              const void* C, cublasLtMatrixLayout_t Cdesc, void* D,
                              cublasLtMatrixLayout_t Ddesc, const cublasLtMatmulAlgo_t* algo,
                              void* workspace, size_t workspaceSizeInBytes, cudaStream_t stream) {
  const Guard guard(Machine::get());
  if (const int e = enter(kMatmul)) return static_cast<cublasStatus_t>(e);
  const int device = handle_device(lightHandle);
  if (device < 0) return CUBLAS_STATUS_NOT_INITIALIZED;
  Problem problem;
  if (!read_problem(computeDesc, Adesc, Bdesc, Cdesc, Ddesc, &problem) ||
      !same_device(kMatmul, device, stream)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  Gemm gemm;
  if (const auto status = describe(kMatmul, problem, &gemm)) return status;
  if (!host_scalar(kMatmul, "alpha", alpha) || !host_scalar(kMatmul, "beta", beta)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (workspaceSizeInBytes != 0 &&
      !device_operand(kMatmul, "the workspace", workspace, 16)) {  // cuBLAS, "cublasLtMatmul"
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  gemm.a.data = A;
  gemm.b.data = B;
  gemm.c.data = C;
  gemm.d.data = D;
  gemm.alpha = load(alpha, gemm.wide ? Type::kDouble : Type::kFloat, 0);
  gemm.beta = load(beta, gemm.wide ? Type::kDouble : Type::kFloat, 0);
  gemm.workspace = workspace;
  gemm.workspace_bytes = workspaceSizeInBytes;
  if (const auto status = set_epilogue(problem.operation, &gemm)) return status;
  if (const auto status = apply_algorithm(algo, problem, workspaceSizeInBytes, &gemm)) {
    return status;
  }
  return blas_status(enqueue_gemm(stream, gemm));
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
