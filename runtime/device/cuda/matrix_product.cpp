#include "runtime/device/cuda/matrix_product.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "runtime/device/config.h"
#include "runtime/device/cuda/libraries.h"
#include "runtime/device/cuda/library_handles.h"
#include "runtime/device/ledger.h"

// Note [Row-major products]
//
// cuBLASLt counts by columns: to it the memory of a row-major matrix is the transposed one. So it
// is asked for out' = op(b)' op(a)': b is its first matrix, the sizes m and n change places, and
// what is transposed stays so.

namespace keen::device::cuda {

struct ProductPlans::Plan {
  bool supported = false;
  cublasLtMatmulDescOpaque_t operation{};
  cublasLtMatrixLayoutOpaque_t a{}, b{}, out{};
  cublasLtMatmulAlgo_t algorithm{};
  std::size_t workspace_bytes = 0;
};

ProductPlans::ProductPlans() = default;
ProductPlans::~ProductPlans() = default;

namespace {

using Plan = ProductPlans::Plan;

constexpr std::size_t kMostPlans = 4096;
constexpr std::uint32_t kMostAlignment = 256;

cudaDataType_t data_type(DType dtype) {
  switch (dtype) {
    case DType::kFloat64:
      return CUDA_R_64F;
    case DType::kFloat16:
      return CUDA_R_16F;
    case DType::kBFloat16:
      return CUDA_R_16BF;
    default:
      return CUDA_R_32F;
  }
}

cublasComputeType_t compute_type(const ProductPlans::Key& key) {
  if (key.product.dtype == DType::kFloat64) return CUBLAS_COMPUTE_64F;
  const bool short_factors = key.product.dtype == DType::kFloat32 && key.tensor_float_32;
  return short_factors ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

std::uint32_t alignment_of(const void* pointer) {
  const auto address = reinterpret_cast<std::uintptr_t>(pointer);
  return address == 0 ? kMostAlignment
                      : std::min(kMostAlignment, 1U << std::min(8, std::countr_zero(address)));
}

template <class T>
void set(cublasLtMatmulDescOpaque_t* operation, cublasLtMatmulDescAttributes_t attribute, T value) {
  check(cublaslt().cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof(value)),
        "cublasLtMatmulDescSetAttribute");
}

template <class T>
void set(cublasLtMatmulPreferenceOpaque_t* preference,
         cublasLtMatmulPreferenceAttributes_t attribute, T value) {
  check(
      cublaslt().cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof(value)),
      "cublasLtMatmulPreferenceSetAttribute");
}

// To the library, b is the first matrix and its columns are rows: see the note.
cublasLtEpilogue_t epilogue_of(Epilogue epilogue) {
  switch (epilogue) {
    case Epilogue::kBias:
      return CUBLASLT_EPILOGUE_BIAS;
    case Epilogue::kBiasRelu:
      return CUBLASLT_EPILOGUE_RELU_BIAS;
    case Epilogue::kColumnSums:
      return CUBLASLT_EPILOGUE_BGRADA;
    default:
      return CUBLASLT_EPILOGUE_DEFAULT;
  }
}

// A row-major matrix, and its batch.
void describe(cublasLtMatrixLayoutOpaque_t* layout, const Product& product, std::int64_t rows,
              std::int64_t columns, std::int64_t stride) {
  const CublasLt& library = cublaslt();
  check(library.cublasLtMatrixLayoutInit_internal(layout, sizeof(*layout), data_type(product.dtype),
                                                  static_cast<std::uint64_t>(columns),
                                                  static_cast<std::uint64_t>(rows), columns),
        "cublasLtMatrixLayoutInit");
  const auto count = static_cast<std::int32_t>(product.batch);
  check(library.cublasLtMatrixLayoutSetAttribute(layout, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count,
                                                 sizeof(count)),
        "cublasLtMatrixLayoutSetAttribute");
  check(library.cublasLtMatrixLayoutSetAttribute(
            layout, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride, sizeof(stride)),
        "cublasLtMatrixLayoutSetAttribute");
}

void describe(Plan* plan, const ProductPlans::Key& key) {
  const Product& p = key.product;
  const bool wide = p.dtype == DType::kFloat64;
  check(
      cublaslt().cublasLtMatmulDescInit_internal(&plan->operation, sizeof(plan->operation),
                                                 compute_type(key), wide ? CUDA_R_64F : CUDA_R_32F),
      "cublasLtMatmulDescInit");
  set(&plan->operation, CUBLASLT_MATMUL_DESC_TRANSA, p.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(&plan->operation, CUBLASLT_MATMUL_DESC_TRANSB, p.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
  set(&plan->operation, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue_of(p.epilogue));
  describe(&plan->a, p, p.transpose_a ? p.k : p.m, p.transpose_a ? p.m : p.k, p.a_stride);
  describe(&plan->b, p, p.transpose_b ? p.n : p.k, p.transpose_b ? p.k : p.n, p.b_stride);
  describe(&plan->out, p, p.m, p.n, p.out_stride);
}

std::unique_ptr<Plan> make_plan(LibraryHandles& handles, const ProductPlans::Key& key,
                                const void* vector) {
  auto plan = std::make_unique<Plan>();
  if (key.product.batch > std::numeric_limits<std::int32_t>::max()) return plan;
  describe(plan.get(), key);
  if (vector != nullptr) set(&plan->operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, vector);
  cublasLtMatmulPreferenceOpaque_t preference{};
  check(cublaslt().cublasLtMatmulPreferenceInit_internal(&preference, sizeof(preference)),
        "cublasLtMatmulPreferenceInit");
  set(&preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
      std::uint64_t{handles.workspace().bytes});
  // Parts of a sum stay in the type of the computation, and are added in a fixed order.
  set(&preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
      std::uint32_t{CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, key.b_alignment);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, key.a_alignment);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, key.out_alignment);
  set(&preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, key.out_alignment);
  cublasLtMatmulHeuristicResult_t result{};
  int found = 0;
  const cublasStatus_t status = cublaslt().cublasLtMatmulAlgoGetHeuristic(
      handles.blas(), &plan->operation, &plan->b, &plan->a, &plan->out, &plan->out, &preference, 1,
      &result, &found);
  if (is_refusal(status) || (status == CUBLAS_STATUS_SUCCESS && found == 0)) return plan;
  check(status, "cublasLtMatmulAlgoGetHeuristic");
  if (is_refusal(result.state)) return plan;
  check(result.state, "cublasLtMatmulAlgoGetHeuristic");
  plan->supported = true;
  plan->algorithm = result.algo;
  plan->workspace_bytes = result.workspaceSize;
  return plan;
}

}  // namespace

bool multiply(Device device, const Product& product, const void* a, const void* b, void* out,
              const void* vector) {
  LibraryHandles& handles = library_handles(device);
  auto& plans = handles.products().plans_;
  const ProductPlans::Key key{product, config::experimental::tensor_float_32_execution_enabled(),
                              alignment_of(a), alignment_of(b), alignment_of(out)};
  auto place = plans.find(key);
  if (place == plans.end()) [[unlikely]] {
    if (plans.size() >= kMostPlans) plans.clear();
    place = plans.emplace(key, make_plan(handles, key, vector)).first;
  }
  Plan& plan = *place->second;
  if (!plan.supported) return false;
  if (vector != nullptr) set(&plan.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, vector);
  static constexpr float kOnes[] = {1.0F, 0.0F};
  static constexpr double kWideOnes[] = {1.0, 0.0};
  const bool wide = product.dtype == DType::kFloat64;
  const auto scalar = [&](bool one) {
    const int at = one ? 0 : 1;
    return wide ? static_cast<const void*>(kWideOnes + at) : static_cast<const void*>(kOnes + at);
  };
  const Workspace workspace = handles.workspace();
  const cublasStatus_t status = cublaslt().cublasLtMatmul(
      handles.blas(), &plan.operation, scalar(true), b, &plan.b, a, &plan.a,
      scalar(product.accumulate), out, &plan.out, out, &plan.out, &plan.algorithm, workspace.data,
      workspace.bytes, handles.pool().stream());
  if (is_refusal(status)) {
    plan.supported = false;
    return false;
  }
  check(status, "cublasLtMatmul");
  count(device, Count::kLibraryCalls);
  return true;
}

}  // namespace keen::device::cuda
