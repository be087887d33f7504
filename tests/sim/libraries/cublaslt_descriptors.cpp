#include "tests/sim/libraries/cublaslt_descriptors.h"

#include "tests/sim/core/machine.h"
#include "tests/sim/libraries/library.h"

namespace keen::sim {
namespace {

template <class T>
AttributeField field(T* place) {
  return {place, sizeof(T)};
}

AttributeField find_attribute(MatmulDescriptor* state, int attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE:
      return field(&state->compute);
    case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
      return field(&state->scale);
    case CUBLASLT_MATMUL_DESC_POINTER_MODE:
      return field(&state->pointer_mode);
    case CUBLASLT_MATMUL_DESC_TRANSA:
      return field(&state->operation_a);
    case CUBLASLT_MATMUL_DESC_TRANSB:
      return field(&state->operation_b);
    case CUBLASLT_MATMUL_DESC_TRANSC:
      return field(&state->operation_c);
    case CUBLASLT_MATMUL_DESC_FILL_MODE:
      return field(&state->fill);
    case CUBLASLT_MATMUL_DESC_EPILOGUE:
      return field(&state->epilogue);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
      return field(&state->bias);
    case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
      return field(&state->bias_batch_stride);
    case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
      return field(&state->bias_type);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
      return field(&state->auxiliary);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
      return field(&state->auxiliary_leading);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
      return field(&state->auxiliary_batch_stride);
    case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_DATA_TYPE:
      return field(&state->auxiliary_type);
    default:
      return {};
  }
}

AttributeField find_attribute(LayoutDescriptor* state, int attribute) {
  switch (attribute) {
    case CUBLASLT_MATRIX_LAYOUT_TYPE:
      return field(&state->type);
    case CUBLASLT_MATRIX_LAYOUT_ORDER:
      return field(&state->order);
    case CUBLASLT_MATRIX_LAYOUT_ROWS:
      return field(&state->rows);
    case CUBLASLT_MATRIX_LAYOUT_COLS:
      return field(&state->columns);
    case CUBLASLT_MATRIX_LAYOUT_LD:
      return field(&state->leading);
    case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
      return field(&state->batch);
    case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
      return field(&state->batch_stride);
    default:
      return {};
  }
}

AttributeField find_attribute(PreferenceDescriptor* state, int attribute) {
  switch (attribute) {
    case CUBLASLT_MATMUL_PREF_SEARCH_MODE:
      return field(&state->search_mode);
    case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
      return field(&state->workspace_bytes);
    case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
      return field(&state->reductions);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
      return field(&state->alignment_a);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
      return field(&state->alignment_b);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
      return field(&state->alignment_c);
    case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
      return field(&state->alignment_d);
    default:
      return {};
  }
}

// The codes from here on: cublasLt.h, at cublasLtMatmulDescSetAttribute and its like. What the
// stand-in does not have is CUBLAS_STATUS_NOT_SUPPORTED, and a finding.
template <class State, class Opaque>
cublasStatus_t set_attribute(const char* api, Opaque* opaque, int attribute, const void* value,
                             std::size_t bytes) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cublasStatus_t>(e);
  State state;
  if (!read_state(opaque, &state) || value == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  const AttributeField found = find_attribute(&state, attribute);
  if (found.place == nullptr) {
    report_unsupported(api, "attribute " + std::to_string(attribute));
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (found.bytes != bytes) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(found.place, value, bytes);
  write_state(opaque, state);
  return CUBLAS_STATUS_SUCCESS;
}

template <class State, class Opaque>
cublasStatus_t get_attribute(const char* api, const Opaque* opaque, int attribute, void* value,
                             std::size_t bytes, std::size_t* written) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cublasStatus_t>(e);
  State state;
  if (!read_state(opaque, &state)) return CUBLAS_STATUS_INVALID_VALUE;
  const AttributeField found = find_attribute(&state, attribute);
  if (found.place == nullptr) {
    report_unsupported(api, "attribute " + std::to_string(attribute));
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  if (bytes == 0) {  // asks for the size alone
    if (written == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
    *written = found.bytes;
    return CUBLAS_STATUS_SUCCESS;
  }
  if (value == nullptr || bytes != found.bytes) return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(value, found.place, bytes);
  if (written != nullptr) *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

template <class Opaque, class State>
cublasStatus_t create(const char* api, Opaque** opaque, const State& state) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cublasStatus_t>(e);
  if (opaque == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  *opaque = registry<Opaque>().make();
  write_state(*opaque, state);
  return CUBLAS_STATUS_SUCCESS;
}

template <class Opaque, class State>
cublasStatus_t initialise(const char* api, Opaque* opaque, std::size_t bytes, const State& state) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cublasStatus_t>(e);
  if (opaque == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (bytes < sizeof(Opaque)) return CUBLAS_STATUS_ALLOC_FAILED;
  write_state(opaque, state);
  return CUBLAS_STATUS_SUCCESS;
}

template <class Opaque>
cublasStatus_t destroy(const char* api, Opaque* opaque) {
  const Guard guard(Machine::get());
  if (const int e = enter(api)) return static_cast<cublasStatus_t>(e);
  if (opaque == nullptr) return CUBLAS_STATUS_SUCCESS;
  return registry<Opaque>().destroy(opaque) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

MatmulDescriptor matmul_state(cublasComputeType_t compute, cudaDataType scale) {
  MatmulDescriptor state;
  state.compute = compute;
  state.scale = scale;
  return state;
}

LayoutDescriptor layout_state(cudaDataType type, std::uint64_t rows, std::uint64_t columns,
                              std::int64_t leading) {
  LayoutDescriptor state;
  state.type = type;
  state.rows = rows;
  state.columns = columns;
  state.leading = leading;
  return state;
}

}  // namespace
}  // namespace keen::sim

using namespace keen::sim;  // NOLINT(google-build-using-namespace): the API is global

// NOLINTBEGIN(readability-identifier-naming)
extern "C" {

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* matmulDesc,
                                        cublasComputeType_t computeType, cudaDataType_t scaleType) {
  return create("cublasLtMatmulDescCreate", matmulDesc, matmul_state(computeType, scaleType));
}

cublasStatus_t cublasLtMatmulDescInit_internal(cublasLtMatmulDesc_t matmulDesc, size_t size,
                                               cublasComputeType_t computeType,
                                               cudaDataType_t scaleType) {
  return initialise("cublasLtMatmulDescInit_internal", matmulDesc, size,
                    matmul_state(computeType, scaleType));
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t matmulDesc) {
  return destroy("cublasLtMatmulDescDestroy", matmulDesc);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t matmulDesc,
                                              cublasLtMatmulDescAttributes_t attr, const void* buf,
                                              size_t sizeInBytes) {
  return set_attribute<MatmulDescriptor>("cublasLtMatmulDescSetAttribute", matmulDesc, attr, buf,
                                         sizeInBytes);
}

cublasStatus_t cublasLtMatmulDescGetAttribute(cublasLtMatmulDesc_t matmulDesc,
                                              cublasLtMatmulDescAttributes_t attr, void* buf,
                                              size_t sizeInBytes, size_t* sizeWritten) {
  return get_attribute<MatmulDescriptor>("cublasLtMatmulDescGetAttribute", matmulDesc, attr, buf,
                                         sizeInBytes, sizeWritten);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* matLayout, cudaDataType type,
                                          uint64_t rows, uint64_t cols, int64_t ld) {
  return create("cublasLtMatrixLayoutCreate", matLayout, layout_state(type, rows, cols, ld));
}

cublasStatus_t cublasLtMatrixLayoutInit_internal(cublasLtMatrixLayout_t matLayout, size_t size,
                                                 cudaDataType type, uint64_t rows, uint64_t cols,
                                                 int64_t ld) {
  return initialise("cublasLtMatrixLayoutInit_internal", matLayout, size,
                    layout_state(type, rows, cols, ld));
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t matLayout) {
  return destroy("cublasLtMatrixLayoutDestroy", matLayout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t matLayout,
                                                cublasLtMatrixLayoutAttribute_t attr,
                                                const void* buf, size_t sizeInBytes) {
  return set_attribute<LayoutDescriptor>("cublasLtMatrixLayoutSetAttribute", matLayout, attr, buf,
                                         sizeInBytes);
}

cublasStatus_t cublasLtMatrixLayoutGetAttribute(cublasLtMatrixLayout_t matLayout,
                                                cublasLtMatrixLayoutAttribute_t attr, void* buf,
                                                size_t sizeInBytes, size_t* sizeWritten) {
  return get_attribute<LayoutDescriptor>("cublasLtMatrixLayoutGetAttribute", matLayout, attr, buf,
                                         sizeInBytes, sizeWritten);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* pref) {
  return create("cublasLtMatmulPreferenceCreate", pref, PreferenceDescriptor{});
}

cublasStatus_t cublasLtMatmulPreferenceInit_internal(cublasLtMatmulPreference_t pref, size_t size) {
  return initialise("cublasLtMatmulPreferenceInit_internal", pref, size, PreferenceDescriptor{});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t pref) {
  return destroy("cublasLtMatmulPreferenceDestroy", pref);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t pref,
                                                    cublasLtMatmulPreferenceAttributes_t attr,
                                                    const void* buf, size_t sizeInBytes) {
  return set_attribute<PreferenceDescriptor>("cublasLtMatmulPreferenceSetAttribute", pref, attr,
                                             buf, sizeInBytes);
}

cublasStatus_t cublasLtMatmulPreferenceGetAttribute(cublasLtMatmulPreference_t pref,
                                                    cublasLtMatmulPreferenceAttributes_t attr,
                                                    void* buf, size_t sizeInBytes,
                                                    size_t* sizeWritten) {
  return get_attribute<PreferenceDescriptor>("cublasLtMatmulPreferenceGetAttribute", pref, attr,
                                             buf, sizeInBytes, sizeWritten);
}

}  // extern "C"
// NOLINTEND(readability-identifier-naming)
