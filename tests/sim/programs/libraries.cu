// What cuDNN's calls compute (pooling, batch norm, softmax), beside the same on the host in double,
// with 20 seeds.
#include <algorithm>
#include <functional>
#include <map>

#include "tests/sim/programs/libraries.cuh"
#include "tests/sim/sim_control.h"

namespace {

using namespace keen::sim::test;

void check_pooling(Checks& checks) {
  const Shape in{2, 3, 7, 7, true}, out{2, 3, 4, 4, true};
  const auto x = some_values<float>(in.count(), 7), dy = some_values<float>(out.count(), 5);
  cudnnHandle_t dnn = dnn_handle();
  cudnnTensorDescriptor_t x_shape = describe<float>(in), y_shape = describe<float>(out);
  for (const auto mode :
       {CUDNN_POOLING_MAX_DETERMINISTIC, CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING}) {
    const bool max = mode == CUDNN_POOLING_MAX_DETERMINISTIC;
    std::vector<double> y(out.count()), dx(in.count());
    for (int i = 0; i < out.count(); ++i) {
      const int n = i / 48, c = i / 16 % 3, oy = i / 4 % 4, ox = i % 4;
      std::vector<int> places;
      for (int t = 0; t < 9; ++t) {
        const int iy = oy * 2 - 1 + t / 3, ix = ox * 2 - 1 + t % 3;
        if (iy >= 0 && ix >= 0 && iy < 7 && ix < 7) places.push_back(in.at(n, c, iy, ix));
      }
      const int best = *std::ranges::max_element(places, {}, [&](int place) { return x[place]; });
      const int place = out.at(n, c, oy, ox);
      const double part = 1.0 / static_cast<double>(places.size());
      for (const int p : places) y[place] += max ? 0 : x[p] * part;
      for (const int p : places) dx[p] += max ? 0 : dy[place] * part;
      if (max) y[place] = x[best];
      if (max) dx[best] += dy[place];
    }
    cudnnPoolingDescriptor_t pool = nullptr;
    const int window[] = {3, 3}, pad[] = {1, 1}, stride[] = {2, 2};
    KEEN_STATUS_CHECK(cudnnCreatePoolingDescriptor(&pool));
    KEEN_STATUS_CHECK(
        cudnnSetPoolingNdDescriptor(pool, mode, CUDNN_NOT_PROPAGATE_NAN, 2, window, pad, stride));
    const float one = 1, zero = 0, *device_x = device_copy(x), *device_dy = device_copy(dy);
    auto *device_y = device_array<float>(y.size()), *device_dx = device_array<float>(dx.size());
    KEEN_STATUS_CHECK(
        cudnnPoolingForward(dnn, pool, &one, x_shape, device_x, &zero, y_shape, device_y));
    KEEN_STATUS_CHECK(cudnnPoolingBackward(dnn, pool, &one, y_shape, device_y, y_shape, device_dy,
                                           x_shape, device_x, &zero, x_shape, device_dx));
    checks.expect(are_close(host_copy(device_y, y.size()), y), "pooling forward");
    checks.expect(are_close(host_copy(device_dx, dx.size()), dx), "pooling backward");
  }
}

constexpr double kEpsilon = 1e-3;

struct BatchNorm {
  Shape shape{3, 4, 3, 5, true};
  std::vector<float> x = some_values<float>(shape.count(), 7);
  std::vector<float> dy = some_values<float>(shape.count(), 5);
  std::vector<float> scale = some_values<float>(4, 3), bias = some_values<float>(4, 9);
  std::vector<double> y, dx, dscale, dbias, inference;

  BatchNorm() : y(shape.count()), dx(y.size()), dscale(4), dbias(4), inference(y.size()) {
    for (int c = 0; c < shape.c; ++c) channel(c);
  }

  void channel(int c) {
    const double count = shape.n * shape.h * shape.w;
    double mean = 0, variance = 0;
    const auto each = [&](const std::function<void(int)>& visit) {
      for (int i = 0; i < shape.n * shape.h * shape.w; ++i) visit(i * shape.c + c);
    };
    each([&](int p) { mean += x[p] / count; });
    each([&](int p) { variance += (x[p] - mean) * (x[p] - mean) / count; });
    const double inverse = 1 / std::sqrt(variance + kEpsilon);
    each([&](int p) { dbias[c] += dy[p]; });
    each([&](int p) { dscale[c] += dy[p] * (x[p] - mean) * inverse; });
    each([&](int p) {
      const double normal = (x[p] - mean) * inverse;
      y[p] = normal * scale[c] + bias[c];
      dx[p] = scale[c] * inverse * (dy[p] - dbias[c] / count - normal * dscale[c] / count);
      // With the bias as the mean and a variance of 1.
      inference[p] = scale[c] * (x[p] - bias[c]) / std::sqrt(1 + kEpsilon) + bias[c];
    });
  }
};

void check_batch_norm(Checks& checks) {
  const BatchNorm b;
  const std::size_t count = b.x.size();
  cudnnHandle_t dnn = dnn_handle();
  cudnnTensorDescriptor_t shape = describe<float>(b.shape), parameters = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&parameters));
  KEEN_STATUS_CHECK(cudnnDeriveBNTensorDescriptor(parameters, shape, CUDNN_BATCHNORM_SPATIAL));
  const float one = 1, zero = 0;
  const float *x = device_copy(b.x), *dy = device_copy(b.dy), *scale = device_copy(b.scale);
  const float *bias = device_copy(b.bias), *ones = device_copy(std::vector<float>(4, 1.F));
  auto *y = device_array<float>(count), *dx = device_array<float>(count);
  auto *mean = device_array<float>(4), *deviation = device_array<float>(4);
  auto *dscale = device_array<float>(4), *dbias = device_array<float>(4);
  KEEN_STATUS_CHECK(cudnnBatchNormalizationForwardTraining(
      dnn, CUDNN_BATCHNORM_SPATIAL, &one, &zero, shape, x, shape, y, parameters, scale, bias, 1,
      nullptr, nullptr, kEpsilon, mean, deviation));
  checks.expect(are_close(host_copy(y, count), b.y), "batch norm forward");
  for (const bool saved : {true, false}) {
    KEEN_STATUS_CHECK(cudnnBatchNormalizationBackward(
        dnn, CUDNN_BATCHNORM_SPATIAL, &one, &zero, &one, &zero, shape, x, shape, dy, shape, dx,
        parameters, scale, dscale, dbias, kEpsilon, saved ? mean : nullptr,
        saved ? deviation : nullptr));
    checks.expect(are_close(host_copy(dx, count), b.dx), "batch norm backward");
    checks.expect(are_close(host_copy(dscale, 4), b.dscale), "batch norm's gradient of the scale");
    checks.expect(are_close(host_copy(dbias, 4), b.dbias), "batch norm's gradient of the bias");
  }
  KEEN_STATUS_CHECK(cudnnBatchNormalizationForwardInference(dnn, CUDNN_BATCHNORM_SPATIAL, &one,
                                                            &zero, shape, x, shape, y, parameters,
                                                            scale, bias, bias, ones, kEpsilon));
  checks.expect(are_close(host_copy(y, count), b.inference), "batch norm inference");
}

void check_softmax(Checks& checks) {
  const Shape shape{2, 5, 2, 3, false};
  const auto x = some_values<float>(shape.count(), 7, 6), dy = some_values<float>(shape.count(), 5);
  cudnnHandle_t dnn = dnn_handle();
  cudnnTensorDescriptor_t described = describe<float>(shape);
  for (const auto algorithm : {CUDNN_SOFTMAX_FAST, CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_LOG}) {
    for (const auto mode : {CUDNN_SOFTMAX_MODE_INSTANCE, CUDNN_SOFTMAX_MODE_CHANNEL}) {
      const bool log = algorithm == CUDNN_SOFTMAX_LOG, all = mode == CUDNN_SOFTMAX_MODE_INSTANCE;
      std::map<int, double> sums, products;
      const auto set = [&](int i) { return all ? i / 30 : i / 30 * 30 + i % 6; };
      std::vector<double> y(x.size()), dx(x.size());
      for (int i = 0; i < shape.count(); ++i) sums[set(i)] += std::exp(x[i]);
      for (int i = 0; i < shape.count(); ++i) {
        const double part = std::exp(x[i]) / sums[set(i)];
        y[i] = log ? std::log(part) : part;
        products[set(i)] += log ? dy[i] : dy[i] * part;
      }
      for (int i = 0; i < shape.count(); ++i) {
        const double product = products[set(i)];
        dx[i] = log ? dy[i] - std::exp(y[i]) * product : y[i] * (dy[i] - product);
      }
      const float one = 1, zero = 0, *device_x = device_copy(x), *device_dy = device_copy(dy);
      auto *device_y = device_array<float>(y.size()), *device_dx = device_array<float>(y.size());
      KEEN_STATUS_CHECK(cudnnSoftmaxForward(dnn, algorithm, mode, &one, described, device_x, &zero,
                                            described, device_y));
      KEEN_STATUS_CHECK(cudnnSoftmaxBackward(dnn, algorithm, mode, &one, described, device_y,
                                             described, device_dy, &zero, described, device_dx));
      checks.expect(are_close(host_copy(device_y, y.size()), y), "softmax forward");
      checks.expect(are_close(host_copy(device_dx, y.size()), dx), "softmax backward");
    }
  }
}

void check_descriptors(Checks& checks) {
  const int sizes[] = {2, 3, 4, 5}, strides[] = {60, 1, 15, 3};
  int read_sizes[4] = {}, read_strides[4] = {}, dimensions = 0;
  cudnnDataType_t type;
  cudnnTensorDescriptor_t described = nullptr;
  KEEN_STATUS_CHECK(cudnnCreateTensorDescriptor(&described));
  KEEN_STATUS_CHECK(cudnnSetTensorNdDescriptor(described, CUDNN_DATA_HALF, 4, sizes, strides));
  KEEN_STATUS_CHECK(
      cudnnGetTensorNdDescriptor(described, 4, &type, &dimensions, read_sizes, read_strides));
  checks.expect(type == CUDNN_DATA_HALF && dimensions == 4 &&
                    std::ranges::equal(sizes, read_sizes) &&
                    std::ranges::equal(strides, read_strides),
                "a tensor's descriptor says what was set");
  const int filters[] = {6, 3, 3, 3}, pad[] = {1, 0}, stride[] = {2, 1}, dilation[] = {1, 1};
  cudnnFilterDescriptor_t taps = nullptr;
  cudnnConvolutionDescriptor_t settings = convolution(0, 1, 1, 1);
  KEEN_STATUS_CHECK(cudnnCreateFilterDescriptor(&taps));
  KEEN_STATUS_CHECK(
      cudnnSetFilterNdDescriptor(taps, CUDNN_DATA_HALF, CUDNN_TENSOR_NHWC, 4, filters));
  KEEN_STATUS_CHECK(cudnnSetConvolutionNdDescriptor(settings, 2, pad, stride, dilation,
                                                    CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  KEEN_STATUS_CHECK(
      cudnnGetConvolutionNdForwardOutputDim(settings, described, taps, 4, read_sizes));
  const int wanted[] = {2, 6, 2, 3};
  checks.expect(std::ranges::equal(wanted, read_sizes), "sizes of a convolution's output");
}

}  // namespace

int main() {
  Checks checks;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    if (keen::sim::simulated()) KEEN_SIM(cudasim_seed)(seed);
    check_pooling(checks);
    check_batch_norm(checks);
    check_softmax(checks);
    check_descriptors(checks);
  }
  return checks.status();
}
