// Writes down what cuDNN and cuBLASLt answer on this GPU, one line of JSON per question: the
// library support table, which the simulated CUDA can be told to go by (CUDASIM_LIBRARY_TABLE).
//
// usage: library_table FILE [--short] [--from NUMBER] [--seconds COUNT] [--plant NUMBER]
//
// FILE is appended to. --from leaves out what comes before that number; --seconds ends the table
// after about so long; --plant makes a kernel fault at that number, to see what comes of it.
#include <limits>

#include "tests/sim/programs/table_convolutions.cuh"
#include "tests/sim/programs/table_matmuls.cuh"

namespace {

using namespace keen::sim::test;
using keen::sim::Direction;

struct Options {
  const char* path = nullptr;
  bool is_short = false;
  long from = 1, seconds = 1L << 30, planted = 0;
};

bool read_number(const char* text, long* number) {
  char* end = nullptr;
  *number = std::strtol(text, &end, 10);
  return end != text && *end == '\0' && *number > 0;
}

bool read_options(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    long* number = nullptr;
    if (name == "--from") number = &options->from;
    if (name == "--seconds") number = &options->seconds;
    if (name == "--plant") number = &options->planted;
    if (number != nullptr) {
      if (++i == argc || !read_number(argv[i], number)) return false;
    } else if (name == "--short") {
      options->is_short = true;
    } else if (options->path == nullptr && name.rfind("--", 0) != 0) {
      options->path = argv[i];
    } else {
      return false;
    }
  }
  return options->path != nullptr;
}

TableLine versions(const cudaDeviceProp& device) {
  int driver = 0, runtime = 0;
  KEEN_CUDA_CHECK(cudaDriverGetVersion(&driver));
  KEEN_CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  const std::string capability = std::to_string(device.major) + "." + std::to_string(device.minor);
  TableLine line("versions");
  line.add("cudnn", cudnnGetVersion())
      .add("cublaslt", cublasLtGetVersion())
      .add("driver", driver)
      .add("runtime", runtime)
      .add("device", device.name)
      .add("compute_capability", capability.c_str());
  return line;
}

// What a type may be computed with; the first is what Keen asks for.
struct TypeMath {
  cudnnDataType_t type;
  std::array<cudnnMathType_t, 3> math;
};

constexpr TypeMath kTypesAndMath[] = {
    {CUDNN_DATA_FLOAT, {CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH}},
    {CUDNN_DATA_HALF, {CUDNN_TENSOR_OP_MATH, CUDNN_DEFAULT_MATH, CUDNN_FMA_MATH}},
    {CUDNN_DATA_BFLOAT16, {CUDNN_TENSOR_OP_MATH, CUDNN_DEFAULT_MATH, CUDNN_FMA_MATH}},
    {CUDNN_DATA_DOUBLE, {CUDNN_FMA_MATH, CUDNN_DEFAULT_MATH, CUDNN_TENSOR_OP_MATH}}};

// What Keen asks for comes first, so that an early end leaves out the rest.
std::vector<ConvolutionQuestion> convolution_questions(const std::vector<ConvolutionSpec>& specs) {
  std::vector<ConvolutionQuestion> questions;
  for (const auto layout : {CUDNN_TENSOR_NHWC, CUDNN_TENSOR_NCHW}) {
    for (const std::size_t rank : {0, 1, 2}) {
      for (const TypeMath& each : kTypesAndMath) {
        for (const ConvolutionSpec& spec : specs) {
          for (const auto& direction : keen::sim::kDirectionNames) {
            questions.push_back({&spec, direction.value, layout, each.type, each.math[rank]});
          }
        }
      }
    }
  }
  return questions;
}

std::vector<MatmulQuestion> matmul_questions(const std::vector<MatmulSpec>& specs) {
  struct TypeCompute {
    cudaDataType type;
    cublasComputeType_t compute;
  };
  constexpr TypeCompute kTypes[] = {{CUDA_R_32F, CUBLAS_COMPUTE_32F},
                                    {CUDA_R_16F, CUBLAS_COMPUTE_32F},
                                    {CUDA_R_16BF, CUBLAS_COMPUTE_32F},
                                    {CUDA_R_64F, CUBLAS_COMPUTE_64F},
                                    {CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32}};
  std::vector<MatmulQuestion> questions;
  for (const TypeCompute& each : kTypes) {
    for (const MatmulSpec& spec : specs) {
      for (const auto& epilogue : keen::sim::kEpilogueNames) {
        if (spec.batch != 1 && epilogue.value != CUBLASLT_EPILOGUE_DEFAULT) continue;
        questions.push_back({&spec, each.type, each.compute, epilogue.value});
      }
    }
  }
  return questions;
}

int most_elements(const std::vector<ConvolutionSpec>& convolutions,
                  const std::vector<MatmulSpec>& matmuls) {
  std::size_t most = 0;
  for (const auto& s : convolutions) {
    most = std::max({most, elements(s.x), elements(s.w), elements(s.y)});
  }
  for (const auto& s : matmuls) {
    const std::size_t inner = static_cast<std::size_t>(s.batch) * static_cast<std::size_t>(s.k);
    most = std::max(most, inner * static_cast<std::size_t>(std::max(s.m, s.n)));
  }
  return static_cast<int>(most);
}

int write_table(const Options& options) {
  TableFile file(options.path);
  Progress progress(options.from, options.seconds);
  cudaDeviceProp device;
  KEEN_CUDA_CHECK(cudaGetDeviceProperties(&device, 0));
  file.write(versions(device));
  const auto matmuls = matmul_specs(options.is_short);
  const auto convolutions = convolution_specs(options.is_short);
  Gpu gpu(most_elements(convolutions, matmuls));
  // As Keen has it: runtime/device/cuda/library_handles.cpp.
  const std::size_t workspace_limit = static_cast<std::size_t>(device.major >= 9 ? 32 : 4) << 20;
  for (const auto& question : matmul_questions(matmuls)) {
    ask_matmul(gpu, question, workspace_limit, options.planted, progress, file);
  }
  for (const auto& question : convolution_questions(convolutions)) {
    ask_convolution(gpu, question, options.planted, progress, file);
  }
  TableLine end("end");
  end.add("questions", progress.number()).add("asked", progress.asked());
  file.write(end);
  std::printf("%ld of %ld questions asked\n", progress.asked(), progress.number());
  return progress.asked() > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!read_options(argc, argv, &options)) {
    std::fprintf(stderr,
                 "usage: %s FILE [--short] [--from NUMBER] [--seconds COUNT] [--plant NUMBER]\n",
                 argv[0]);
    return 2;
  }
  return write_table(options);
}
