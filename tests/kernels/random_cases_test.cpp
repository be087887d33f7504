// Cases of the rows of random numbers. What they give is what TensorFlow 2.15 gave.
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/random.h"
#include "kernels/random_generator.h"
#include "kernels/random_shuffle.h"
#include "kernels/stateless_random.h"
#include "runtime/autodiff/tape.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/constant.h"
#include "tests/support/op_case.h"

namespace keen::test {
namespace {

using random::StatelessOpArgs;

// What a GPU's logarithms, sines and cosines may make of a normal number: 4 units in the last
// place, before it is scaled.
constexpr Tolerance kNormal{4.8e-7, 0};
constexpr Tolerance kScaledNormal{4.8e-7, 4.8e-7};

// Eager kernels begin anew; a function has kernels of its own.
void start_again() { random::set_seed(1); }

Tensor int64s(const std::vector<std::int64_t>& values) { return constant(values); }
Tensor float64s(const std::vector<double>& values) { return constant(values); }

// Key and counter of the seed [3, 4].
Tensor key() { return int64s({5186321457711525117}); }
Tensor counter() { return int64s({0, 2956673722964415482}); }

// An op that makes numbers of (shape, key, counter).
OpCall stateless(const op::Op& op, DType dtype) {
  return [&op, dtype](const Tensor& shape, const Tensor& from, const Tensor& at) -> Tensor {
    return op::execute(op, {shape, from, at}, StatelessOpArgs{.dtype = dtype});
  };
}

KEEN_OP_CASES(
    "RandomUniform",
    {{.name = "float32",
      .call = [] { return random::uniform({5}, {.seed = 3}); },
      .outputs = {constant({0.7787855863571167, 0.8011977672576904, 0.7243746519088745,
                            0.2308943271636963, 0.727141261100769})},
      .tolerance = kExact,
      .reset = start_again},
     {.name = "float64_scaled",
      .call =
          [] {
            return random::uniform({3},
                                   {.minval = -1.0, .maxval = 1.0, .dtype = float64, .seed = 3});
          },
      .outputs = {float64s({-0.5394289724484169, 0.5899944463033018, 0.6342615640923035})},
      .tolerance = kExact,
      .reset = start_again},
     {.name = "empty",
      .inputs = {constant({2, 0, 3})},
      .call = [](const Tensor& shape) { return random::uniform(shape, {.seed = 3}); },
      .outputs = {fill({2, 0, 3}, 0.0)},
      .reset = start_again},
     {.name = "negative_dimension",
      .inputs = {constant({2, -1})},
      .call = [](const Tensor& shape) { return random::uniform(shape); },
      .error = {"InvalidArgumentError", "RandomUniform: Dimension -1 must be >= 0"}},
     {.name = "shape_that_is_a_matrix",
      .inputs = {constant({{1}})},
      .call = [](const Tensor& shape) { return random::uniform(shape); },
      .error = {"InvalidArgumentError",
                "RandomUniform: shape must be a vector of {int32,int64}, got shape "
                "[1,1]"}}});

KEEN_OP_CASES(
    "RandomUniformInt",
    {{.name = "int32",
      .call =
          [] {
            return random::uniform({2, 3}, {.minval = -5, .maxval = 17, .dtype = int32, .seed = 3});
          },
      .outputs = {constant({{0, 3, 2}, {7, 14, 2}})},
      .tolerance = kExact,
      .reset = start_again},
     {.name = "int64",
      .call =
          [] {
            return random::uniform(
                {3}, {.minval = -5, .maxval = std::int64_t{1} << 40U, .dtype = int64, .seed = 3});
          },
      .outputs = {int64s({715205586553, 1043355280521, 48657768319})},
      .tolerance = kExact,
      .reset = start_again},
     {.name = "bounds_as_inputs",
      .inputs = {constant(3), constant(4)},
      .call =
          [](const Tensor& minval, const Tensor& maxval) {
            return random::uniform({2, 2},
                                   {.minval = minval, .maxval = maxval, .dtype = int32, .seed = 3});
          },
      .outputs = {constant({{3, 3}, {3, 3}})},
      .tolerance = kExact,
      .reset = start_again},
     {.name = "empty_range",
      .inputs = {constant(4), constant(4)},
      .call =
          [](const Tensor& minval, const Tensor& maxval) {
            return random::uniform({2}, {.minval = minval, .maxval = maxval, .dtype = int32});
          },
      .error = {"InvalidArgumentError", "RandomUniformInt: Need minval < maxval, got 4 >= 4"}},
     {.name = "bound_that_is_a_vector",
      .inputs = {constant({4})},
      .call =
          [](const Tensor& maxval) {
            return random::uniform({2}, {.maxval = maxval, .dtype = int32});
          },
      .error = {"InvalidArgumentError", "RandomUniformInt: maxval must be 0-D, got shape [1]"}}});

KEEN_OP_CASES("RandomStandardNormal",
              {{.name = "float32",
                .call = [] { return random::normal({5}, {.seed = 3}); },
                .outputs = {constant({-0.6708612442016602, 0.22357144951820374, 0.7972730398178101,
                                      0.0961705893278122, 0.7231478691101074})},
                .tolerance = kExact,
                .gpu_tolerance = kNormal,
                .reset = start_again},
               {.name = "scaled",
                .inputs = {constant({1.0, -1.0})},
                .call =
                    [](const Tensor& mean) {
                      return random::normal({2, 2}, {.mean = mean, .stddev = 0.5, .seed = 4});
                    },
                .outputs = {constant({{1.5264670848846436, -1.4467498064041138},
                                      {1.155136227607727, -0.38504260778427124}})},
                .tolerance = kExact,
                .gpu_tolerance = kScaledNormal,
                .gradient = GradientCheck::kNone,
                .reset = start_again},
               {.name = "scalar",
                .call = [] { return random::normal({}, {.seed = 3}); },
                .outputs = {constant(-0.6708612442016602)},
                .tolerance = kExact,
                .gpu_tolerance = kNormal,
                .reset = start_again}});

KEEN_OP_CASES("TruncatedNormal",
              {{.name = "float32",
                .call = [] { return random::truncated_normal({5}, {.seed = 3}); },
                .outputs = {constant({-0.6708612442016602, 0.22357144951820374, 0.7972730398178101,
                                      0.0961705893278122, 0.9259123206138611})},
                .tolerance = kExact,
                .gpu_tolerance = kNormal,
                .reset = start_again},
               {.name = "float16",
                .call = [] { return random::truncated_normal({3}, {.dtype = float16, .seed = 3}); },
                .outputs = {constant({-0.6708984375, 0.2235107421875, 0.79736328125},
                                     {.dtype = float16})},
                .tolerance = kExact,
                .gpu_tolerance = kNormal,
                .reset = start_again}});

KEEN_OP_CASES("RandomShuffle",
              {{.name = "vector",
                .inputs = {constant({0, 1, 2, 3, 4, 5})},
                .call = [](const Tensor& x) { return random::shuffle(x, {.seed = 3}); },
                .outputs = {constant({5, 3, 0, 1, 2, 4})},
                .tolerance = kExact,
                .reset = start_again},
               {.name = "rows",
                .inputs = {constant({{0.0, 1.0}, {2.0, 3.0}, {4.0, 5.0}})},
                .call = [](const Tensor& x) { return random::shuffle(x, {.seed = 3}); },
                .outputs = {constant({{4.0, 5.0}, {2.0, 3.0}, {0.0, 1.0}})},
                .tolerance = kExact,
                .gradient = GradientCheck::kNone,
                .reset = start_again},
               {.name = "empty",
                .inputs = {fill({3, 0}, 0.0)},
                .call = [](const Tensor& x) { return random::shuffle(x); },
                .outputs = {fill({3, 0}, 0.0)},
                .gradient = GradientCheck::kNone},
               {.name = "scalar",
                .inputs = {constant(7)},
                .call = [](const Tensor& x) { return random::shuffle(x); },
                .outputs = {constant(7)}}});

KEEN_OP_CASES("StatelessRandomGetKeyCounter",
              {{.name = "int32",
                .inputs = {constant({3, 4})},
                .call =
                    [](const Tensor& seed) {
                      const op::Outputs out =
                          op::execute(op::kStatelessRandomGetKeyCounter, {seed});
                      return std::pair(out[0], out[1]);
                    },
                .outputs = {key(), counter()},
                .tolerance = kExact},
               {.name = "seed_of_three",
                .inputs = {constant({3, 4, 5})},
                .call = [](const Tensor& seed) { return random::stateless_uniform({2}, seed); },
                .error = {"InvalidArgumentError",
                          "StatelessRandomGetKeyCounter: seed must have shape [2], not [3]"}}});

KEEN_OP_CASES("StatelessRandomUniformV2",
              {{.name = "float32",
                .inputs = {constant({5}), key(), counter()},
                .call = stateless(op::kStatelessRandomUniformV2, float32),
                .outputs = {constant({0.24328744411468506, 0.9835063219070435, 0.22041726112365723,
                                      0.467920184135437, 0.7738579511642456})},
                .tolerance = kExact},
               {.name = "key_of_two",
                .inputs = {constant({5}), counter(), counter()},
                .call = stateless(op::kStatelessRandomUniformV2, float32),
                .error = {"InvalidArgumentError", "key must have shape [1], not [2]"}},
               {.name = "integers",
                .inputs = {constant({5}), key(), counter()},
                .call = stateless(op::kStatelessRandomUniformV2, int32),
                .error = {"InvalidArgumentError", "Value for attr 'dtype' of int32"}}});

KEEN_OP_CASES("StatelessRandomUniformIntV2",
              {{.name = "int32",
                .inputs = {constant({3, 4}), constant(-5), constant(17)},
                .call =
                    [](const Tensor& seed, const Tensor& minval, const Tensor& maxval) {
                      return random::stateless_uniform(
                          {5}, seed, {.minval = minval, .maxval = maxval, .dtype = int32});
                    },
                .outputs = {constant({-4, -4, -5, 8, -4})},
                .tolerance = kExact},
               {.name = "empty_range",
                .inputs = {constant({3, 4})},
                .call =
                    [](const Tensor& seed) {
                      return random::stateless_uniform({5}, seed,
                                                       {.minval = 3, .maxval = 2, .dtype = int32});
                    },
                .error = {"InvalidArgumentError", "Need minval < maxval, got 3 >= 2"}}});

KEEN_OP_CASES(
    "StatelessRandomUniformFullIntV2",
    {{.name = "int64",
      .inputs = {constant({3}), key(), counter()},
      .call = stateless(op::kStatelessRandomUniformFullIntV2, int64),
      .outputs = {int64s({-2882898006462487541, 4520458231610095266, -3428664559879909945})},
      .tolerance = kExact},
     {.name = "split",
      .inputs = {int64s({3, 4})},
      .call = [](const Tensor& seed) { return random::split(seed, 1); },
      .outputs = {constant(std::vector<std::int64_t>{-2882898006462487541, 4520458231610095266},
                           {1, 2})},
      .tolerance = kExact}});

KEEN_OP_CASES("StatelessRandomNormalV2",
              {{.name = "scaled",
                .inputs = {constant({3, 4})},
                .call =
                    [](const Tensor& seed) {
                      return random::stateless_normal({5}, seed, {.mean = 2.0, .stddev = 0.5});
                    },
                .outputs = {constant({1.913033127784729, 2.836177349090576, 2.1740851402282715,
                                      1.148054599761963, 1.6923377513885498})},
                .tolerance = kExact,
                .gpu_tolerance = kScaledNormal},
               {.name = "empty",
                .inputs = {constant({0}), key(), counter()},
                .call = stateless(op::kStatelessRandomNormalV2, float64),
                .outputs = {float64s({})}}});

KEEN_OP_CASES("StatelessTruncatedNormalV2",
              {{.name = "float32",
                .inputs = {constant({5}), key(), counter()},
                .call = stateless(op::kStatelessTruncatedNormalV2, float32),
                .outputs = {constant({-0.17393383383750916, 1.6723546981811523, 0.3481701612472534,
                                      -1.7038906812667847, 0.6385190486907959})},
                .tolerance = kExact,
                .gpu_tolerance = kNormal}});

KEEN_OP_CASES("_StatelessFoldIn",
              {{.name = "int64",
                .inputs = {int64s({3, 4}), constant(std::vector<std::int64_t>{5}, Shape())},
                .call = [](const Tensor& seed, const Tensor& data) -> Tensor {
                  return random::fold_in(seed, data);
                },
                .outputs = {int64s({-2882898006462487541, 5})},
                .tolerance = kExact},
               {.name = "data_of_two",
                .inputs = {int64s({3, 4}), constant({1, 2})},
                .call = [](const Tensor& seed, const Tensor& data) -> Tensor {
                  return random::fold_in(seed, data);
                },
                .error = {"InvalidArgumentError", "data must have shape [], not [2]"}}});

// The state that the cases draw from. Never destroyed: at the end of the process there may be no
// GPU to give its memory back to.
const random::Generator& generator() {
  static const auto* of_seven = new random::Generator(random::Generator::from_seed(7));
  return *of_seven;
}

KEEN_OP_CASES("_RngReadAndSkip",
              {{.name = "integers",
                .call = [] { return generator().uniform({3}, {.maxval = 100, .dtype = int32}); },
                .outputs = {constant({5, 35, 44})},
                .tolerance = kExact,
                .reset = [] { generator().reset_from_seed(7); }},
               {.name = "negative_dimension",
                .inputs = {constant({-1})},
                .call = [](const Tensor& shape) { return generator().uniform(shape); },
                .error = {"InvalidArgumentError", "_RngReadAndSkip: Dimension -1 must be >= 0"}}});

// One number of [0, 1) for each element; those of the case RandomUniform.float32.
KEEN_OP_CASES("_Dropout",
              {{.name = "float32",
                .inputs = {constant({1.0, -2.0, 3.0, 4.0, 5.0})},
                .call = [](const Tensor& x) { return nn::dropout(x, 0.75, {.seed = 3}); },
                .outputs = {constant({4.0, -8.0, 0.0, 0.0, 0.0})},
                .tolerance = kExact,
                .gradient = GradientCheck::kNone,
                .reset = start_again},
               {.name = "no_elements",
                .inputs = {fill({0, 3}, 0.0)},
                .call = [](const Tensor& x) { return nn::dropout(x, 0.5, {.seed = 3}); },
                .outputs = {fill({0, 3}, 0.0)},
                .gradient = GradientCheck::kNone,
                .reset = start_again}});

// The gradients of a mask that is drawn once.
KEEN_OP_CASES("_DropoutGrad", {{.name = "of_a_drawn_mask",
                                .inputs = {constant({1.0, -2.0, 3.0, 4.0, 5.0}),
                                           constant({1.0, 2.0, 3.0, 4.0, 5.0})},
                                .call =
                                    [](const Tensor& x, const Tensor& weights) {
                                      GradientTape tape;
                                      tape.watch(x);
                                      const Tensor y = nn::dropout(x, 0.75, {.seed = 3});
                                      return tape.gradient(y, x, {.output_gradients = {weights}});
                                    },
                                .outputs = {constant({4.0, 8.0, 0.0, 0.0, 0.0})},
                                .tolerance = kExact,
                                .gradient = GradientCheck::kNone,
                                .reset = start_again}});

}  // namespace
}  // namespace keen::test
