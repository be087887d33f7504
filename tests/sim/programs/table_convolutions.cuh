// The convolutions of the library support table.
#pragma once
#include "tests/sim/programs/table_run.cuh"
#include "tests/sim/programs/table_specs.h"

namespace keen::sim::test {

constexpr int kMostListed = 32;  // more than the heuristics name, with every math type

// One algorithm as the heuristics name it.
struct Listed {
  int algorithm, status;
  std::size_t bytes;
  bool deterministic;
  cudnnMathType_t math;
};

// What is asked of each algorithm of a direction.
struct ConvolutionQuestion {
  const ConvolutionSpec* spec;
  Direction direction;
  cudnnTensorFormat_t layout;
  cudnnDataType_t type;
  cudnnMathType_t math;

  cudnnDataType_t compute() const {
    return type == CUDNN_DATA_DOUBLE ? CUDNN_DATA_DOUBLE : CUDNN_DATA_FLOAT;
  }
  int algorithms() const {
    if (direction == Direction::kForward) return CUDNN_CONVOLUTION_FWD_ALGO_COUNT;
    if (direction == Direction::kBackwardData) return CUDNN_CONVOLUTION_BWD_DATA_ALGO_COUNT;
    return CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
  }
  const std::array<int, 4>& output() const {
    if (direction == Direction::kForward) return spec->y;
    return direction == Direction::kBackwardData ? spec->x : spec->w;
  }
};

inline std::size_t elements(const std::array<int, 4>& sizes) {
  std::size_t count = 1;
  for (const int size : sizes) count *= static_cast<std::size_t>(size);
  return count;
}

// The descriptors of a question and cuDNN's calls, by direction.
class ConvolutionCalls {
 public:
  ConvolutionCalls(Gpu& gpu, const ConvolutionQuestion& q) : gpu_(gpu), q_(q) {
    KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&x_));
    KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&y_));
    KEEN_STATUS_CHECK(cudnnCreateFilterDescriptor(&w_));
    KEEN_STATUS_CHECK(cudnnCreateConvolutionDescriptor(&settings_));
    KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&bias_));
    KEEN_STATUS_CHECK(cudnnCreateActivationDescriptor(&no_activation_));
    described_ = describe();
    if (described_ == CUDNN_STATUS_SUCCESS) heuristics_ = ask_heuristics();
  }
  ConvolutionCalls(const ConvolutionCalls&) = delete;
  ConvolutionCalls& operator=(const ConvolutionCalls&) = delete;
  ~ConvolutionCalls() {
    cudnnDestroyTensorDescriptor(x_);
    cudnnDestroyTensorDescriptor(y_);
    cudnnDestroyFilterDescriptor(w_);
    cudnnDestroyConvolutionDescriptor(settings_);
    cudnnDestroyTensorDescriptor(bias_);
    cudnnDestroyActivationDescriptor(no_activation_);
  }

  int described() const { return described_; }
  int heuristics() const { return described_ != 0 ? described_ : heuristics_; }
  const std::vector<Listed>& listed() const { return listed_; }

  int workspace(int algorithm, std::size_t* bytes) const {
    switch (q_.direction) {
      case Direction::kForward:
        return cudnnGetConvolutionForwardWorkspaceSize(
            gpu_.dnn(), x_, w_, settings_, y_, static_cast<cudnnConvolutionFwdAlgo_t>(algorithm),
            bytes);
      case Direction::kBackwardData:
        return cudnnGetConvolutionBackwardDataWorkspaceSize(
            gpu_.dnn(), w_, y_, settings_, x_,
            static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm), bytes);
      default:
        return cudnnGetConvolutionBackwardFilterWorkspaceSize(
            gpu_.dnn(), x_, y_, settings_, w_,
            static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm), bytes);
    }
  }

  int run(int algorithm, void* memory, std::size_t bytes, void* output) const {
    const void *one = factor(1), *zero = factor(0);
    const void* in = gpu_.operand(q_.type);
    switch (q_.direction) {
      case Direction::kForward:
        return cudnnConvolutionForward(gpu_.dnn(), one, x_, in, w_, in, settings_,
                                       static_cast<cudnnConvolutionFwdAlgo_t>(algorithm), memory,
                                       bytes, zero, y_, output);
      case Direction::kBackwardData:
        return cudnnConvolutionBackwardData(gpu_.dnn(), one, w_, in, y_, in, settings_,
                                            static_cast<cudnnConvolutionBwdDataAlgo_t>(algorithm),
                                            memory, bytes, zero, x_, output);
      default:
        return cudnnConvolutionBackwardFilter(
            gpu_.dnn(), one, x_, in, y_, in, settings_,
            static_cast<cudnnConvolutionBwdFilterAlgo_t>(algorithm), memory, bytes, zero, w_,
            output);
    }
  }

  // With a bias that is added, the way forward; the one algorithm that does it without activation.
  int run_with_bias(void* memory, std::size_t bytes, void* output) const {
    const void* in = gpu_.operand(q_.type);
    if (const int status =
            cudnnSetTensor4dDescriptor(bias_, q_.layout, q_.type, 1, q_.spec->y[1], 1, 1)) {
      return status;
    }
    if (const int status = cudnnSetActivationDescriptor(no_activation_, CUDNN_ACTIVATION_IDENTITY,
                                                        CUDNN_NOT_PROPAGATE_NAN, 0)) {
      return status;
    }
    return cudnnConvolutionBiasActivationForward(gpu_.dnn(), factor(1), x_, in, w_, in, settings_,
                                                 CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                                                 memory, bytes, factor(0), y_, output, bias_, in,
                                                 no_activation_, y_, output);
  }

 private:
  const void* factor(int value) const {
    static constexpr double kWide[] = {0, 1};
    static constexpr float kNarrow[] = {0, 1};
    const bool wide = q_.type == CUDNN_DATA_DOUBLE;
    return wide ? static_cast<const void*>(kWide + value) : kNarrow + value;
  }

  int describe() {
    const ConvolutionSpec& s = *q_.spec;
    const auto set = [&](cudnnTensorDescriptor_t tensor, const std::array<int, 4>& sizes) {
      return cudnnSetTensor4dDescriptor(tensor, q_.layout, q_.type, sizes[0], sizes[1], sizes[2],
                                        sizes[3]);
    };
    if (const int status = set(x_, s.x)) return status;
    if (const int status = set(y_, s.y)) return status;
    if (const int status =
            cudnnSetFilter4dDescriptor(w_, q_.type, q_.layout, s.w[0], s.w[1], s.w[2], s.w[3])) {
      return status;
    }
    if (const int status = cudnnSetConvolution2dDescriptor(
            settings_, s.pad[0], s.pad[1], s.stride[0], s.stride[1], s.dilation[0], s.dilation[1],
            CUDNN_CROSS_CORRELATION, q_.compute())) {
      return status;
    }
    if (const int status = cudnnSetConvolutionGroupCount(settings_, s.groups)) return status;
    return cudnnSetConvolutionMathType(settings_, q_.math);
  }

  template <class Result, class Ask>
  int list(const Ask& ask) {
    std::vector<Result> results(kMostListed);
    int count = 0;
    const int status = ask(&count, results.data());
    for (int i = 0; status == CUDNN_STATUS_SUCCESS && i < count; ++i) {
      const Result& r = results[i];
      listed_.push_back({static_cast<int>(r.algo), static_cast<int>(r.status), r.memory,
                         r.determinism == CUDNN_DETERMINISTIC, r.mathType});
    }
    return status;
  }

  int ask_heuristics() {
    switch (q_.direction) {
      case Direction::kForward:
        return list<cudnnConvolutionFwdAlgoPerf_t>([&](int* count, auto* results) {
          return cudnnGetConvolutionForwardAlgorithm_v7(gpu_.dnn(), x_, w_, settings_, y_,
                                                        kMostListed, count, results);
        });
      case Direction::kBackwardData:
        return list<cudnnConvolutionBwdDataAlgoPerf_t>([&](int* count, auto* results) {
          return cudnnGetConvolutionBackwardDataAlgorithm_v7(gpu_.dnn(), w_, y_, settings_, x_,
                                                             kMostListed, count, results);
        });
      default:
        return list<cudnnConvolutionBwdFilterAlgoPerf_t>([&](int* count, auto* results) {
          return cudnnGetConvolutionBackwardFilterAlgorithm_v7(gpu_.dnn(), x_, y_, settings_, w_,
                                                               kMostListed, count, results);
        });
    }
  }

  Gpu& gpu_;
  const ConvolutionQuestion q_;
  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr, bias_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t settings_ = nullptr;
  cudnnActivationDescriptor_t no_activation_ = nullptr;
  int described_ = 0, heuristics_ = 0;
  std::vector<Listed> listed_;
};

inline TableLine line_of(const ConvolutionQuestion& q, int algorithm, long number) {
  TableLine line("convolution");
  line.add("number", number)
      .add("direction", name_of(kDirectionNames, q.direction))
      .add("algorithm", algorithm)
      .add("layout", name_of(kLayoutNames, q.layout))
      .add("type", name_of(kTypeNames, q.type))
      .add("compute", name_of(kTypeNames, q.compute()))
      .add("math", name_of(kMathNames, q.math))
      .add_list("x", q.spec->x)
      .add_list("w", q.spec->w)
      .add_list("y", q.spec->y)
      .add_list("pad", q.spec->pad)
      .add_list("stride", q.spec->stride)
      .add_list("dilation", q.spec->dilation)
      .add("groups", q.spec->groups);
  return line;
}

// The first time that the heuristics name the algorithm, better one that works.
inline void add_listed(const std::vector<Listed>& listed, int algorithm, TableLine* line) {
  int place = -1;
  for (int i = 0; i < static_cast<int>(listed.size()); ++i) {
    if (listed[i].algorithm != algorithm) continue;
    if (place < 0 || (listed[place].status != 0 && listed[i].status == 0)) place = i;
  }
  if (place < 0) {
    line->null("listed");
    return;
  }
  const Listed& l = listed[place];
  const char* math = name_of(kMathNames, l.math);
  TableLine object;
  object.add("place", place)
      .add("status", l.status)
      .add("bytes", l.bytes)
      .add("deterministic", l.deterministic)
      .add("math", math != nullptr ? math : "default");
  line->add("listed", object);
}

inline void ask_algorithm(Gpu& gpu, const ConvolutionQuestion& q, const ConvolutionCalls& calls,
                          int algorithm, bool planted, long number, TableFile& file) {
  TableLine line = line_of(q, algorithm, number);
  std::size_t bytes = 0;
  int status = calls.described();
  if (status == 0) status = calls.workspace(algorithm, &bytes);
  if (status != 0) bytes = 0;
  line.add("heuristics_status", calls.heuristics());
  add_listed(calls.listed(), algorithm, &line);
  line.add("workspace_status", status).add("workspace_bytes", bytes);
  void* memory = nullptr;
  if (bytes != 0 && bytes <= kMostWorkspace) memory = gpu.workspace().reserve(bytes);
  Outcome outcome, with_bias;
  const bool has_memory = bytes == 0 || memory != nullptr;
  const auto run_twice = [&](const auto& run) {
    return gpu.run_twice(elements(q.output()) * bytes_of(q.type), CUDNN_STATUS_EXECUTION_FAILED,
                         run);
  };
  if (status == 0 && has_memory) {
    outcome = run_twice([&](void* output) {
      if (planted) write_to<<<1, 1, 0, gpu.stream()>>>(nullptr);
      return calls.run(algorithm, memory, bytes, output);
    });
  }
  add_outcome(outcome, &line);
  if (q.direction == Direction::kForward &&
      algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM && outcome.ran &&
      outcome.status == 0) {
    with_bias = run_twice([&](void* output) { return calls.run_with_bias(memory, bytes, output); });
    line.add("bias_status", with_bias.status);
  }
  finish(gpu, with_bias.poisoned ? with_bias : outcome, line, number, file);
}

inline void ask_convolution(Gpu& gpu, const ConvolutionQuestion& q, long planted,
                            Progress& progress, TableFile& file) {
  const int count = q.algorithms();
  if (!progress.wants_any(count)) {
    progress.pass(count);
    return;
  }
  const ConvolutionCalls calls(gpu, q);
  for (int algorithm = 0; algorithm < count; ++algorithm) {
    if (!progress.next()) continue;
    ask_algorithm(gpu, q, calls, algorithm, progress.number() == planted, progress.number(), file);
  }
}

}  // namespace keen::sim::test
