// What cuDNN's convolutions compute by every algorithm that the heuristics name, beside the same on
// the host in double, with 20 seeds.
#include <algorithm>

#include "tests/sim/programs/libraries.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

bool has_bfloat16() {
  cudaDeviceProp properties;
  KEEN_CUDA_CHECK(cudaGetDeviceProperties(&properties, 0));
  return properties.major >= 8;
}

struct Case {
  Shape x, w, y;
  int pad, stride, dilation, groups;
};

std::vector<Case> convolution_cases() {
  std::vector<Case> cases;
  for (const bool nhwc : {true, false}) {
    cases.push_back({{2, 3, 7, 6, nhwc}, {5, 3, 3, 3, nhwc}, {2, 5, 7, 6, nhwc}, 1, 1, 1, 1});
    cases.push_back({{2, 4, 9, 8, nhwc}, {6, 2, 3, 3, nhwc}, {2, 6, 5, 4, nhwc}, 1, 2, 1, 2});
    cases.push_back({{1, 4, 9, 9, nhwc}, {4, 1, 3, 3, nhwc}, {1, 4, 5, 5, nhwc}, 0, 1, 2, 4});
    cases.push_back({{2, 2, 6, 6, nhwc}, {3, 2, 5, 5, nhwc}, {2, 3, 6, 6, nhwc}, 2, 1, 1, 1});
  }
  return cases;
}

// visit(place in x, place in w, place in y) for each product of the convolution.
template <class Visit>
void for_each_product(const Case& c, const Visit& visit) {
  const int outputs = c.w.n / c.groups;
  for (int n = 0; n < c.y.n; ++n) {
    for (int i = 0; i < c.y.c * c.y.h * c.y.w; ++i) {
      const int k = i / (c.y.h * c.y.w), oy = i / c.y.w % c.y.h, ox = i % c.y.w;
      for (int j = 0; j < c.w.c * c.w.h * c.w.w; ++j) {
        const int ci = j / (c.w.h * c.w.w), r = j / c.w.w % c.w.h, s = j % c.w.w;
        const int iy = oy * c.stride - c.pad + r * c.dilation;
        const int ix = ox * c.stride - c.pad + s * c.dilation;
        if (iy < 0 || ix < 0 || iy >= c.x.h || ix >= c.x.w) continue;
        visit(c.x.at(n, k / outputs * c.w.c + ci, iy, ix), c.w.at(k, ci, r, s),
              c.y.at(n, k, oy, ox));
      }
    }
  }
}

// One direction of one case: what it gives, and what the host gives.
template <class T>
class Convolution {
 public:
  explicit Convolution(const Case& c)
      : case_(c),
        x_(describe<T>(c.x)),
        y_(describe<T>(c.y)),
        w_(filter(c.w.format(), TypeOf<T>::dnn, c.w.n, c.w.c, c.w.h, c.w.w)),
        settings_(convolution(c.pad, c.stride, c.dilation, c.groups)),
        input_(some_values<T>(c.x.count(), 7)),
        weights_(some_values<T>(c.w.count(), 11)),
        gradient_(some_values<T>(c.y.count(), 5)),
        device_input_(device_copy(input_)),
        device_weights_(device_copy(weights_)),
        device_gradient_(device_copy(gradient_)) {}

  void check(Checks& checks) {
    forward(checks);
    if (TypeOf<T>::dnn != CUDNN_DATA_BFLOAT16) fused(checks);
    backward_data(checks);
    backward_filter(checks);
  }

 private:
  // output = 2 * result + 0.5 * output, by each algorithm.
  template <class Result, class Ask, class Size, class Run>
  void by_each(const char* what, std::vector<double> wanted, const Ask& ask, const Size& size,
               const Run& run, Checks& checks) {
    const auto before = some_values<T>(static_cast<int>(wanted.size()), 3);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] = 2 * wanted[i] + 0.5 * to_double(before[i]);
    }
    Result found[8];
    int count = 0, supported = 0;
    KEEN_STATUS_CHECK(ask(8, &count, found));
    for (int i = 0; i < count; ++i) {
      std::size_t bytes = 0;
      T* output = device_copy(before);
      const int status = size(found[i].algo, &bytes);
      checks.expect(status == found[i].status, "heuristics and workspace agree");
      auto* workspace = device_array<char>(bytes + 1);
      const int ran = run(found[i].algo, bytes == 0 ? nullptr : workspace, bytes, output);
      checks.expect(ran == status, "heuristics and call agree");
      if (ran != 0) continue;
      ++supported;
      checks.expect(are_close(host_copy(output, wanted.size()), wanted), what);
    }
    checks.expect(supported > 0, "an algorithm for each convolution");
  }

  std::vector<double> host(const Shape& shape, int direction) const {
    std::vector<double> sums(shape.count());
    for_each_product(case_, [&](int x, int w, int y) {
      const double in = to_double(input_[x]), weight = to_double(weights_[w]);
      const double gradient = to_double(gradient_[y]);
      if (direction == 0) sums[y] += in * weight;
      if (direction == 1) sums[x] += weight * gradient;
      if (direction == 2) sums[w] += in * gradient;
    });
    return sums;
  }

  void forward(Checks& checks) {
    by_each<cudnnConvolutionFwdAlgoPerf_t>(
        "convolution forward", host(case_.y, 0),
        [&](int most, int* count, auto* found) {
          return cudnnGetConvolutionForwardAlgorithm_v7(dnn_, x_, w_, settings_, y_, most, count,
                                                        found);
        },
        [&](auto algorithm, std::size_t* bytes) {
          return cudnnGetConvolutionForwardWorkspaceSize(dnn_, x_, w_, settings_, y_, algorithm,
                                                         bytes);
        },
        [&](auto algorithm, void* workspace, std::size_t bytes, T* output) {
          return cudnnConvolutionForward(dnn_, &two_, x_, device_input_, w_, device_weights_,
                                         settings_, algorithm, workspace, bytes, &half_, y_,
                                         output);
        },
        checks);
  }

  // With a bias, and half of what lies there, through both activations in one call.
  void fused(Checks& checks) {
    constexpr auto kAlgorithm = CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
    std::size_t bytes = 0;
    if (cudnnGetConvolutionForwardWorkspaceSize(dnn_, x_, w_, settings_, y_, kAlgorithm, &bytes)) {
      return;
    }
    const auto before = some_values<T>(case_.y.count(), 3);
    const auto bias = some_values<T>(case_.y.c, 9);
    const T* device_bias = device_copy(bias);
    cudnnTensorDescriptor_t bias_shape =
        tensor(CUDNN_TENSOR_NHWC, TypeOf<T>::dnn, 1, case_.y.c, 1, 1);
    for (const auto mode : {CUDNN_ACTIVATION_IDENTITY, CUDNN_ACTIVATION_RELU}) {
      auto wanted = host(case_.y, 0);
      for (int n = 0; n < case_.y.n; ++n) {
        for (int i = 0; i < case_.y.c * case_.y.h * case_.y.w; ++i) {
          const int c = i / (case_.y.h * case_.y.w), y = i / case_.y.w % case_.y.h;
          const int at = case_.y.at(n, c, y, i % case_.y.w);
          wanted[at] = 2 * wanted[at] + 0.5 * to_double(before[at]) + to_double(bias[c]);
          if (mode == CUDNN_ACTIVATION_RELU) wanted[at] = std::max(0.0, wanted[at]);
        }
      }
      cudnnActivationDescriptor_t activation = nullptr;
      KEEN_STATUS_CHECK(cudnnCreateActivationDescriptor(&activation));
      KEEN_STATUS_CHECK(cudnnSetActivationDescriptor(activation, mode, CUDNN_NOT_PROPAGATE_NAN, 0));
      T* output = device_copy(before);
      auto* workspace = device_array<char>(bytes + 1);
      KEEN_STATUS_CHECK(cudnnConvolutionBiasActivationForward(
          dnn_, &two_, x_, device_input_, w_, device_weights_, settings_, kAlgorithm,
          bytes == 0 ? nullptr : workspace, bytes, &half_, y_, output, bias_shape, device_bias,
          activation, y_, output));
      checks.expect(are_close(host_copy(output, wanted.size()), wanted), "fused convolution");
    }
  }

  void backward_data(Checks& checks) {
    by_each<cudnnConvolutionBwdDataAlgoPerf_t>(
        "convolution backward data", host(case_.x, 1),
        [&](int most, int* count, auto* found) {
          return cudnnGetConvolutionBackwardDataAlgorithm_v7(dnn_, w_, y_, settings_, x_, most,
                                                             count, found);
        },
        [&](auto algorithm, std::size_t* bytes) {
          return cudnnGetConvolutionBackwardDataWorkspaceSize(dnn_, w_, y_, settings_, x_,
                                                              algorithm, bytes);
        },
        [&](auto algorithm, void* workspace, std::size_t bytes, T* output) {
          return cudnnConvolutionBackwardData(dnn_, &two_, w_, device_weights_, y_,
                                              device_gradient_, settings_, algorithm, workspace,
                                              bytes, &half_, x_, output);
        },
        checks);
  }

  void backward_filter(Checks& checks) {
    by_each<cudnnConvolutionBwdFilterAlgoPerf_t>(
        "convolution backward filter", host(case_.w, 2),
        [&](int most, int* count, auto* found) {
          return cudnnGetConvolutionBackwardFilterAlgorithm_v7(dnn_, x_, y_, settings_, w_, most,
                                                               count, found);
        },
        [&](auto algorithm, std::size_t* bytes) {
          return cudnnGetConvolutionBackwardFilterWorkspaceSize(dnn_, x_, y_, settings_, w_,
                                                                algorithm, bytes);
        },
        [&](auto algorithm, void* workspace, std::size_t bytes, T* output) {
          return cudnnConvolutionBackwardFilter(dnn_, &two_, x_, device_input_, y_,
                                                device_gradient_, settings_, algorithm, workspace,
                                                bytes, &half_, w_, output);
        },
        checks);
  }

  const Case case_;
  const float two_ = 2, half_ = 0.5F;
  cudnnHandle_t dnn_ = dnn_handle();
  cudnnTensorDescriptor_t x_, y_;
  cudnnFilterDescriptor_t w_;
  cudnnConvolutionDescriptor_t settings_;
  std::vector<T> input_, weights_, gradient_;
  T *device_input_, *device_weights_, *device_gradient_;
};

void check_convolutions(Checks& checks) {
  for (const Case& c : convolution_cases()) {
    Convolution<float>(c).check(checks);
    Convolution<__half>(c).check(checks);
    if (has_bfloat16()) Convolution<__nv_bfloat16>(c).check(checks);
  }
}

// How often an algorithm that hardware may refuse was refused, and was not.
struct Tally {
  int refused = 0, given = 0;
};

// The search gives what the heuristics give, in an order of its own.
void check_search(Checks& checks, Tally& tally) {
  const Case c = convolution_cases().front();
  cudnnHandle_t dnn = dnn_handle();
  cudnnTensorDescriptor_t x = describe<float>(c.x), y = describe<float>(c.y);
  cudnnFilterDescriptor_t w = filter(c.w.format(), CUDNN_DATA_FLOAT, c.w.n, c.w.c, c.w.h, c.w.w);
  cudnnConvolutionDescriptor_t settings = convolution(c.pad, c.stride, c.dilation, c.groups);
  cudnnConvolutionFwdAlgoPerf_t named[8], found[8];
  int count = 0, found_count = 0;
  KEEN_STATUS_CHECK(
      cudnnGetConvolutionForwardAlgorithm_v7(dnn, x, w, settings, y, 8, &count, named));
  KEEN_STATUS_CHECK(
      cudnnFindConvolutionForwardAlgorithm(dnn, x, w, settings, y, 8, &found_count, found));
  checks.expect(count == found_count, "as many algorithms found as named");
  for (int i = 0; i < count; ++i) {
    const bool same = std::any_of(found, found + found_count, [&](const auto& other) {
      return other.algo == named[i].algo && other.status == named[i].status;
    });
    checks.expect(same, "an algorithm named is found");
    const bool sorted = i == 0 || found[i].status != 0 || found[i - 1].time <= found[i].time;
    checks.expect(sorted, "the fastest algorithm comes first");
    const bool always = named[i].algo == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM;
    checks.expect(!always || named[i].status == 0, "the implicit product is never refused");
    if (named[i].algo != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) continue;
    ++(named[i].status == 0 ? tally.given : tally.refused);
  }
}

}  // namespace

int main() {
  Checks checks;
  Tally tally;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_convolutions(checks);
    check_search(checks, tally);
  }
  if (keen::sim::simulated()) {
    checks.expect(tally.refused > 0 && tally.given > 0, "by seed, an algorithm is refused");
  }
  return checks.status();
}
