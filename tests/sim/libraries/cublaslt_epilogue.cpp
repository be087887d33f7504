#include "tests/sim/libraries/cublaslt_epilogue.h"

#include <algorithm>

namespace keen::sim {
namespace {

// cublasLt.h, cublasLtEpilogue_t.
struct Epilogue {
  cublasLtEpilogue_t name;
  Activation activation = Activation::kNone;
  bool adds_bias = false;
  BiasGradient gradient = BiasGradient::kNone;
  bool has_auxiliary = false;
};

constexpr Epilogue kEpilogues[] = {
    {.name = CUBLASLT_EPILOGUE_DEFAULT},
    {.name = CUBLASLT_EPILOGUE_BIAS, .adds_bias = true},
    {.name = CUBLASLT_EPILOGUE_RELU, .activation = Activation::kRelu},
    {.name = CUBLASLT_EPILOGUE_RELU_BIAS, .activation = Activation::kRelu, .adds_bias = true},
    {.name = CUBLASLT_EPILOGUE_RELU_AUX, .activation = Activation::kRelu, .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_RELU_AUX_BIAS,
     .activation = Activation::kRelu,
     .adds_bias = true,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_GELU, .activation = Activation::kGelu},
    {.name = CUBLASLT_EPILOGUE_GELU_BIAS, .activation = Activation::kGelu, .adds_bias = true},
    {.name = CUBLASLT_EPILOGUE_GELU_AUX, .activation = Activation::kGelu, .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_GELU_AUX_BIAS,
     .activation = Activation::kGelu,
     .adds_bias = true,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_DRELU,
     .activation = Activation::kReluGradient,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_DGELU,
     .activation = Activation::kGeluGradient,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_DRELU_BGRAD,
     .activation = Activation::kReluGradient,
     .gradient = BiasGradient::kOfResult,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_DGELU_BGRAD,
     .activation = Activation::kGeluGradient,
     .gradient = BiasGradient::kOfResult,
     .has_auxiliary = true},
    {.name = CUBLASLT_EPILOGUE_BGRADA, .gradient = BiasGradient::kOfA},
    {.name = CUBLASLT_EPILOGUE_BGRADB, .gradient = BiasGradient::kOfB},
};

const Epilogue* find_epilogue(std::uint32_t name) {
  const auto* found = std::ranges::find(kEpilogues, name, &Epilogue::name);
  return found == std::end(kEpilogues) ? nullptr : found;
}

// cublasLt.h, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD and ..._AUX_BATCH_STRIDE: in bits of the mask of
// ReLU a multiple of 128, in elements of the input of GELU one of 8.
bool is_auxiliary_valid(const Gemm& gemm) {
  const Auxiliary& auxiliary = gemm.auxiliary;
  const long multiple = gemm.has_mask() ? 128 : 8;
  const bool apart = gemm.batch == 1 || gemm.reads_auxiliary() || auxiliary.batch_stride != 0;
  return auxiliary.data != nullptr && auxiliary.leading >= gemm.rows() &&
         auxiliary.leading % multiple == 0 && auxiliary.batch_stride % multiple == 0 && apart;
}

}  // namespace

bool is_known_epilogue(std::uint32_t epilogue) { return find_epilogue(epilogue) != nullptr; }

bool has_vector(std::uint32_t epilogue) {
  const Epilogue& found = *find_epilogue(epilogue);
  return found.adds_bias || found.gradient != BiasGradient::kNone;
}

bool has_auxiliary(std::uint32_t epilogue) { return find_epilogue(epilogue)->has_auxiliary; }

cublasStatus_t set_epilogue(const MatmulDescriptor& operation, Gemm* gemm) {
  const Epilogue& epilogue = *find_epilogue(operation.epilogue);
  gemm->activation = epilogue.activation;
  gemm->gradient = epilogue.gradient;
  gemm->bias_batch_stride = operation.bias_batch_stride;
  if (epilogue.has_auxiliary) {
    gemm->auxiliary = {operation.auxiliary, operation.auxiliary_leading,
                       operation.auxiliary_batch_stride};
    if (!is_auxiliary_valid(*gemm)) return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (!has_vector(operation.epilogue)) return CUBLAS_STATUS_SUCCESS;
  if (operation.bias == nullptr) return CUBLAS_STATUS_INVALID_VALUE;
  if (epilogue.adds_bias) {
    gemm->bias = operation.bias;
    return CUBLAS_STATUS_SUCCESS;
  }
  // All instances of a batch would be one output.
  if (gemm->batch > 1 && gemm->bias_batch_stride == 0) return CUBLAS_STATUS_INVALID_VALUE;
  gemm->gradient_out = operation.bias;
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace keen::sim
