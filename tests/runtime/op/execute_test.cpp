#include "runtime/op/execute.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/op/core_ops.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/context.h"

namespace keen {
namespace {

using op::Arity;
using op::Op;

// A row of the test's own: both inputs of one type, an optional one, and an index.
void infer_first(op::InferContext& context) { context.set_output(0, context.input(0)); }
void first_cpu(op::KernelContext& context) { context.share_output(0, context.input(0)); }
constinit const Op kProbe{.name = "Probe",
                          .inputs = {{"x"},
                                     {"y"},
                                     {.name = "index", .types = kIndexTypes, .host = true},
                                     {.name = "maybe", .arity = Arity::kOptional}},
                          .dtypes = kFloatingTypes,
                          .infer = infer_first,
                          .gradient = op::not_differentiable,
                          .cpu = first_cpu};

template <class Expected>
void expect_error(const char* message, const op::Inputs& inputs) {
  try {
    op::execute(kProbe, inputs);
    ADD_FAILURE() << "no error, expected: " << message;
  } catch (const Expected& error) {
    EXPECT_STREQ(error.what(), message);
  }
}

// Not at namespace scope: a tensor opens its device, after which no test could configure any.
class Execute : public testing::Test {
 protected:
  const Tensor x_ = constant({1.0F, 2.0F});
  const Tensor index_ = constant(1);
};

TEST_F(Execute, TakesWhatTheRowAllows) {
  EXPECT_EQ(Tensor(op::execute(kProbe, {x_, x_, index_, Tensor()})).to_vector<float>(),
            x_.to_vector<float>());
  EXPECT_NO_THROW(op::execute(kProbe, {x_, x_, constant(1, {.dtype = int64}), x_}));
}

TEST_F(Execute, NamesWhatDoesNotFit) {
  expect_error<InvalidArgumentError>("Probe: expected 4 inputs, got 2", {x_, x_});
  expect_error<InvalidArgumentError>("Probe: input 'y' is undefined", {x_, Tensor(), index_, x_});
  expect_error<InvalidArgumentError>(
      "cannot compute Probe as input #1(zero-based) was expected to be a float tensor but is a "
      "double tensor [Op:Probe]",
      {x_, constant({1.0, 2.0}, {.dtype = float64}), index_, Tensor()});
  expect_error<InvalidArgumentError>(
      "Probe: input 'x' is int32(); its dtype must be one of float32, float64, float16, bfloat16",
      {index_, x_, index_, Tensor()});
  expect_error<InvalidArgumentError>(
      "Probe: input 'index' is float32(2,); its dtype must be one of int32, int64",
      {x_, x_, x_, Tensor()});
}

TEST_F(Execute, AddsLists) {
  const std::array<Tensor, 3> three{constant({1, 2}), constant({10, 20}), constant({100, 200})};
  EXPECT_EQ(add_n(three).to_vector<int>(), (std::vector<int>{111, 222}));
  EXPECT_THROW(add_n({}), ValueError);
  const std::array<Tensor, 2> uneven{constant({1, 2}), constant({1})};
  EXPECT_THROW(add_n(uneven), InvalidArgumentError);
}

TEST_F(Execute, FillsEveryType) {
  EXPECT_EQ(fill({2}, 1.5).to_vector<float>(), (std::vector<float>{1.5F, 1.5F}));
  EXPECT_EQ(fill({1}, 3, int8).to_vector<std::int8_t>(), (std::vector<std::int8_t>{3}));
  EXPECT_EQ(fill({0, 4}, 1).num_elements(), 0);
  EXPECT_THROW(fill({-1}, 0), InvalidArgumentError);
  EXPECT_THROW(fill({1}, 0, DType::kString), InvalidArgumentError);
}

TEST_F(Execute, RunsOnSeveralThreads) {
  std::vector<std::thread> threads;
  std::array<double, 4> sums{};
  for (std::size_t i = 0; i < sums.size(); ++i) {
    threads.emplace_back([&sums, i] {
      Tensor sum = fill({10}, 0.0, float64);
      const Tensor one = fill({10}, 1.0, float64);
      for (int step = 0; step < 2000; ++step) {
        const std::array<Tensor, 2> both{sum, one};
        sum = add_n(both);
      }
      sums[i] = sum.to_vector<double>()[9];
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const double sum : sums) EXPECT_EQ(sum, 2000.0);
}

TEST_F(Execute, CopiesInputsFromOtherDevices) {
  // ctest runs each test in a process of its own; elsewhere the devices may be set already.
  const DeviceScope scope(cpu(0));
  const Tensor copy = copy_to(x_, cpu(0));
  EXPECT_TRUE(copy.is(x_)) << "nothing to copy";
  EXPECT_THROW(DeviceScope("gpu:0"), InvalidArgumentError);
  EXPECT_EQ(Context::current().device(), cpu(0));
}

TEST_F(Execute, RefusesToRunAfterFork) {
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      static_cast<void>(fill({1}, 0));
    } catch (const FailedPreconditionError&) {
      status = 0;
    }
    _exit(status);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(Rows, AreFound) {
  bool found = false;
  for (const Op* row : op::all()) found = found || row == &op::kIdentity;
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace keen
