#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "kernels/detail/gemm.h"
#include "runtime/base/error.h"
#include "runtime/device/config.h"
#include "runtime/device/device_context.h"
#include "runtime/op/core_ops.h"
#include "tests/support/op_case.h"
#include "tests/support/tape_gradient.h"

namespace keen::test {
namespace {

using detail::GemmShape;

Tensor some(const Shape& shape, std::uint64_t seed, DType dtype = float32) {
  return arbitrary({dtype, shape}, seed);
}

OpCall product(const MatmulArgs& args = {}) {
  return [args](const Tensor& a, const Tensor& b) { return matmul(a, b, args); };
}

KEEN_OP_CASES("MatMul",
              {{.name = "plain",
                .inputs = {constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}),
                           constant({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}})},
                .call = product(),
                .outputs = {constant({{22.0, 28.0}, {49.0, 64.0}})}},
               {.name = "transposed_a",
                .inputs = {some({4, 3}, 1), some({4, 2}, 2)},
                .call = product({.transpose_a = true})},
               {.name = "transposed_b",
                .inputs = {some({3, 4}, 1), some({2, 4}, 2)},
                .call = product({.adjoint_b = true})},
               {.name = "transposed_both",
                .inputs = {some({4, 3}, 1), some({2, 4}, 2)},
                .call = product({.transpose_a = true, .transpose_b = true})},
               {.name = "small_batch_of_a_layer",
                .inputs = {some({8, 32}, 1), some({32, 10}, 2)},
                .call = product()},
               {.name = "second_gradient",
                .inputs = {some({3, 4}, 1), some({2, 4}, 2)},
                .call = tape_gradient(product({.transpose_b = true}), 0)},
               {.name = "inner_dimension_of_zero",
                .inputs = {some({2, 0}, 1), some({0, 3}, 2)},
                .call = product(),
                .outputs = {fill({2, 3}, 0.0)}},
               {.name = "no_rows", .inputs = {some({0, 3}, 1), some({3, 4}, 2)}, .call = product()},
               {.name = "sizes_that_do_not_fit",
                .inputs = {some({2, 3}, 1), some({4, 5}, 2)},
                .call = product(),
                .error = {"InvalidArgumentError",
                          "MatMul: Matrix size-incompatible: In[0]: [2,3], In[1]: [4,5]"}},
               {.name = "vector",
                .inputs = {some({2}, 1), some({2, 3}, 2)},
                .call = product(),
                .error = {"InvalidArgumentError", "MatMul: In[0] ndims must be >= 2"}},
               {.name = "transpose_and_adjoint",
                .inputs = {some({2, 2}, 1), some({2, 2}, 2)},
                .call = product({.transpose_a = true, .adjoint_a = true}),
                .error = {"ValueError", "Only one of transpose_a and adjoint_a can be True"}},
               {.name = "booleans",
                .inputs = {constant({{true}}), constant({{true}})},
                .call = product(),
                .error = {"InvalidArgumentError", "MatMul: input 'a' is bool(1, 1)"}}});

KEEN_OP_CASES(
    "BatchMatMulV2",
    {{.name = "batches", .inputs = {some({2, 3, 5}, 1), some({2, 5, 4}, 2)}, .call = product()},
     {.name = "broadcast",
      .inputs = {some({2, 1, 3, 4}, 1), some({3, 2, 4}, 2)},
      .call = product({.transpose_b = true})},
     {.name = "broadcast_matrix",
      .inputs = {some({3, 4}, 1), some({2, 4, 2}, 2)},
      .call = product()},
     {.name = "second_gradient_of_a",
      .inputs = {some({2, 1, 3, 4}, 1), some({3, 2, 4}, 2)},
      .call = tape_gradient(product({.transpose_b = true}), 0)},
     {.name = "second_gradient_of_b",
      .inputs = {some({2, 1, 3, 4}, 1), some({3, 2, 4}, 2)},
      .call = tape_gradient(product({.transpose_b = true}), 1)},
     {.name = "empty_batch", .inputs = {some({0, 2, 3}, 1), some({3, 4}, 2)}, .call = product()},
     {.name = "empty_rows", .inputs = {some({5, 0, 3}, 1), some({5, 3, 4}, 2)}, .call = product()},
     {.name = "batches_that_do_not_fit",
      .inputs = {some({2, 2, 3}, 1), some({3, 3, 4}, 2)},
      .call = product(),
      .error = {"InvalidArgumentError",
                "In[0] and In[1] must have compatible batch dimensions: [2,2,3] vs. [3,3,4]"}},
     {.name = "sizes_that_do_not_fit",
      .inputs = {some({2, 2, 3}, 1), some({2, 4, 4}, 2)},
      .call = product(),
      .error = {"InvalidArgumentError",
                "Matrix size-incompatible: In[0]: [2,2,3], In[1]: [2,4,4]"}}});

template <class T>
std::vector<T> random_values(std::int64_t count, std::mt19937& generator) {
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) value = uniform(generator);
  return values;
}

// c of one product by its definition, in double.
template <class T>
std::vector<double> reference(const GemmShape& s, const std::vector<T>& a, const std::vector<T>& b,
                              const std::vector<T>& c) {
  const auto at = [](const std::vector<T>& v, std::int64_t i) {
    return static_cast<double>(v[static_cast<std::size_t>(i)]);
  };
  std::vector<double> out(c.begin(), c.end());
  for (std::int64_t i = 0; i < s.m; ++i) {
    for (std::int64_t j = 0; j < s.n; ++j) {
      double sum = s.accumulate ? at(c, i * s.ldc + j) : 0;
      for (std::int64_t p = 0; p < s.k; ++p) {
        sum += at(a, s.transpose_a ? p * s.lda + i : i * s.lda + p) *
               at(b, s.transpose_b ? j * s.ldb + p : p * s.ldb + j);
      }
      out[static_cast<std::size_t>(i * s.ldc + j)] = sum;
    }
  }
  return out;
}

template <class T>
void check_random_products(double tolerance) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 generator(seed);
  auto& device = device::context(cpu());
  for (int round = 0; round < 300; ++round) {
    const int largest = round % 20 == 0 ? 300 : 40;
    const auto size = [&] {
      return std::uniform_int_distribution<std::int64_t>(1, largest)(generator);
    };
    const auto flag = [&] { return (generator() & 1U) != 0; };
    GemmShape s = GemmShape::dense(size(), size(), round % 30 == 7 ? 0 : size(), flag(), flag());
    // Gaps between the rows, so that strides and sizes can't be mixed up.
    s.lda += flag() ? 3 : 0;
    s.ldb += flag() ? 5 : 0;
    s.ldc += flag() ? 7 : 0;
    s.accumulate = flag();
    const auto a = random_values<T>((s.transpose_a ? s.k : s.m) * s.lda, generator);
    const auto b = random_values<T>((s.transpose_b ? s.n : s.k) * s.ldb, generator);
    auto c = random_values<T>(s.m * s.ldc, generator);
    const auto expected = reference(s, a, b, c);
    if (flag()) {
      detail::gemm(device, s, a.data(), b.data(), c.data());
    } else {
      detail::gemm_serial(s, a.data(), b.data(), c.data());
    }
    for (std::size_t i = 0; i < c.size(); ++i) {
      ASSERT_NEAR(static_cast<double>(c[i]), expected[i], tolerance)
          << s.m << "x" << s.n << "x" << s.k << " transposed " << s.transpose_a << s.transpose_b;
    }
  }
}

TEST(matmul, random_products_float32) { check_random_products<float>(1e-4); }
TEST(matmul, random_products_float64) { check_random_products<double>(1e-12); }

TEST(matmul, same_threads_same_bits) {
  const int before = config::threading::get_intra_op_parallelism_threads();
  for (const DType dtype : {float32, float64}) {
    const Tensor a = some({150, 190}, 1, dtype);
    const Tensor b = some({190, 170}, 2, dtype);
    for (const int threads : {2, 4, 6}) {
      config::threading::set_intra_op_parallelism_threads(threads);
      const Tensor first = matmul(a, b);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(exact_difference("product", matmul(a, b), first), "");
    }
  }
  config::threading::set_intra_op_parallelism_threads(before);
}

TEST(matmul, large_batches_of_small_products_equal_single_ones) {
  const Tensor a = some({500, 6, 7}, 1);
  const Tensor b = some({500, 7, 5}, 2);
  const Tensor all = matmul(a, b);
  const Tensor last = matmul(Tensor::from_memory(a.data<float>().data() + 499 * 42, 42, {6, 7}),
                             Tensor::from_memory(b.data<float>().data() + 499 * 35, 35, {7, 5}));
  EXPECT_EQ(exact_difference(
                "last", Tensor::from_memory(all.data<float>().data() + 499 * 30, 30, {6, 5}), last),
            "");
}

}  // namespace
}  // namespace keen::test
