// What the library support table asks for: the convolutions of the op cases and of the training
// network, in all three directions, and its products.
#pragma once
#include <algorithm>
#include <array>
#include <vector>

namespace keen::sim::test {

// As the libraries are told of it: sizes as n, c, h, w; of a filter as outputs, inputs of a group,
// height, width.
struct ConvolutionSpec {
  std::array<int, 4> x, w, y;
  std::array<int, 2> pad, stride, dilation;
  int groups;
};

// As a caller of conv2d tells it.
struct Geometry {
  std::array<int, 4> x;       // batch, height, width, channels
  std::array<int, 4> filter;  // height, width, inputs of a group, outputs
  std::array<int, 2> stride = {1, 1}, dilation = {1, 1};
};

// The library pads both ends alike; what TensorFlow pads more at one end is padded to a copy before
// (kernels/detail/conv_gpu.cu).
inline ConvolutionSpec padded_spec(const Geometry& g, const std::array<int, 2>& before,
                                   const std::array<int, 2>& after) {
  ConvolutionSpec spec{{g.x[0], g.x[3], 0, 0},
                       {g.filter[3], g.filter[2], g.filter[0], g.filter[1]},
                       {g.x[0], g.filter[3], 0, 0},
                       {},
                       g.stride,
                       g.dilation,
                       g.x[3] / g.filter[2]};
  for (int d = 0; d < 2; ++d) {
    const int shared = std::min(before[d], after[d]);
    const int input = g.x[1 + d] + before[d] + after[d] - 2 * shared;
    const int window = (g.filter[d] - 1) * g.dilation[d] + 1;
    spec.pad[d] = shared;
    spec.x[2 + d] = input;
    spec.y[2 + d] = (input + 2 * shared - window) / g.stride[d] + 1;
  }
  return spec;
}

inline ConvolutionSpec valid(const Geometry& g) { return padded_spec(g, {0, 0}, {0, 0}); }

inline ConvolutionSpec same(const Geometry& g) {
  std::array<int, 2> before{}, after{};
  for (int d = 0; d < 2; ++d) {
    const int outputs = (g.x[1 + d] + g.stride[d] - 1) / g.stride[d];
    const int window = (g.filter[d] - 1) * g.dilation[d] + 1;
    const int total = std::max(0, (outputs - 1) * g.stride[d] + window - g.x[1 + d]);
    before[d] = total / 2;
    after[d] = total - total / 2;
  }
  return padded_spec(g, before, after);
}

// tests/kernels/conv2d_test.cpp and tests/gpu/convolution_test.cpp.
inline void add_op_cases(std::vector<ConvolutionSpec>* specs) {
  const Geometry both[] = {{{2, 7, 8, 3}, {3, 3, 3, 4}},
                           {{2, 7, 8, 3}, {3, 3, 3, 4}, {2, 2}},
                           {{1, 7, 6, 2}, {3, 2, 2, 3}, {2, 1}},
                           {{2, 10, 11, 2}, {4, 4, 2, 2}, {3, 3}},
                           {{1, 9, 10, 2}, {3, 3, 2, 3}, {1, 1}, {2, 3}},
                           {{2, 5, 5, 4}, {3, 3, 2, 6}},
                           {{1, 6, 5, 3}, {2, 2, 1, 6}},
                           {{2, 6, 7, 1}, {5, 5, 1, 2}},
                           {{2, 5, 6, 3}, {1, 1, 3, 2}, {2, 2}}};
  for (const Geometry& g : both) {
    specs->push_back(same(g));
    specs->push_back(valid(g));
  }
  specs->push_back(padded_spec({{1, 5, 5, 2}, {3, 3, 2, 3}}, {2, 0}, {1, 3}));
  const Geometry padded[] = {
      {{1, 4, 5, 2}, {3, 3, 2, 2}, {2, 2}},   {{1, 9, 8, 3}, {3, 3, 3, 70}},
      {{2, 9, 8, 10}, {3, 3, 10, 4}, {2, 2}}, {{1, 14, 14, 8}, {3, 3, 8, 16}, {2, 2}},
      {{2, 6, 7, 6}, {3, 3, 2, 9}},           {{1, 7, 5, 4}, {2, 3, 1, 8}, {1, 2}},
      {{2, 16, 18, 2}, {3, 3, 2, 3}},         {{2, 7, 8, 3}, {3, 3, 3, 5}, {2, 2}},
      {{2, 28, 28, 8}, {3, 3, 8, 16}},        {{2, 28, 28, 8}, {3, 3, 8, 16}, {2, 2}}};
  for (const Geometry& g : padded) specs->push_back(same(g));
  specs->push_back(valid({{1, 9, 11, 4}, {3, 2, 4, 5}, {2, 1}, {1, 2}}));
  specs->push_back(valid({{1, 20, 15, 1}, {1, 1, 1, 2}}));
  specs->push_back(valid({{1, 4, 4, 2}, {1, 1, 2, 4}}));
  specs->push_back(valid({{1, 9, 9, 4}, {3, 3, 4, 4}, {1, 1}, {2, 2}}));
}

inline std::vector<ConvolutionSpec> convolution_specs(bool is_short) {
  if (is_short) {
    return {same({{2, 7, 8, 3}, {3, 3, 3, 4}}), same({{2, 7, 8, 3}, {3, 3, 3, 4}, {2, 2}}),
            valid({{1, 9, 10, 2}, {3, 3, 2, 3}, {1, 1}, {2, 3}}),
            same({{2, 5, 5, 4}, {3, 3, 2, 6}}), valid({{2, 6, 7, 1}, {5, 5, 1, 2}})};
  }
  std::vector<ConvolutionSpec> specs;
  // benchmarks/train/network.cpp
  for (const int batch : {32, 128}) {
    specs.push_back(same({{batch, 28, 28, 1}, {3, 3, 1, 32}}));
    specs.push_back(same({{batch, 28, 28, 32}, {3, 3, 32, 64}, {2, 2}}));
  }
  add_op_cases(&specs);
  // Sizes of larger networks.
  specs.push_back(same({{8, 56, 56, 64}, {3, 3, 64, 64}}));
  specs.push_back(same({{8, 28, 28, 128}, {1, 1, 128, 256}}));
  specs.push_back(same({{8, 28, 28, 32}, {5, 5, 32, 64}}));
  specs.push_back(same({{8, 28, 28, 64}, {3, 3, 1, 64}}));
  return specs;
}

// Column-major, as the libraries count.
struct MatmulSpec {
  int m, n, k;
  bool transposes_a, transposes_b;
  int batch = 1;
};

// A row-major product [m, k] times [k, n] with op() on either: see Note [Row-major products] in
// runtime/device/cuda/matrix_product.cpp.
inline MatmulSpec row_major(int m, int n, int k, bool transposes_a, bool transposes_b) {
  return {n, m, k, transposes_b, transposes_a};
}

// x w, and its two gradients.
inline void add_dense(int batch, int outputs, int inputs, std::vector<MatmulSpec>* specs) {
  specs->push_back(row_major(batch, outputs, inputs, false, false));
  specs->push_back(row_major(batch, inputs, outputs, false, true));
  specs->push_back(row_major(inputs, outputs, batch, true, false));
}

inline std::vector<MatmulSpec> matmul_specs(bool is_short) {
  std::vector<MatmulSpec> specs;
  if (is_short) {
    add_dense(8, 10, 16, &specs);
    specs.push_back({4, 5, 6, false, false, 3});
    return specs;
  }
  for (const int batch : {32, 128}) {
    add_dense(batch, 128, 14 * 14 * 64, &specs);
    add_dense(batch, 10, 128, &specs);
  }
  add_dense(8, 10, 32, &specs);
  // The op cases', and rounder ones.
  constexpr std::array<int, 3> kSizes[] = {
      {1, 1, 1},    {3, 2, 4},  {5, 7, 3},       {3, 7, 5},      {4, 4, 4},    {4, 5, 6},
      {1, 1, 300},  {65, 3, 1}, {16, 16, 16},    {33, 17, 65},   {66, 67, 21}, {70, 130, 37},
      {64, 64, 64}, {8, 5, 9},  {150, 170, 190}, {256, 256, 256}};
  for (const auto& [m, n, k] : kSizes) {
    for (const bool transposes_a : {false, true}) {
      for (const bool transposes_b : {false, true}) {
        specs.push_back(row_major(m, n, k, transposes_a, transposes_b));
      }
    }
  }
  specs.push_back({4, 3, 5, false, false, 2});
  specs.push_back({5, 6, 7, false, false, 500});
  specs.push_back({4, 5, 6, false, false, 3});
  specs.push_back({64, 64, 64, true, false, 8});
  return specs;
}

}  // namespace keen::sim::test
