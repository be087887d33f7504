// The k-th allocation of a training step fails, for every k: the step throws, no variable is half
// written, nothing is lost, and the next step works. Every tensor has an allocation of its own here
// (KEEN_CUDA_ALLOCATOR=direct); ctest sets that.
#include <gmock/gmock.h>

#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/device/device_context.h"
#include "shim/keen.h"
#include "tests/gpu/needs_simulator.h"
#include "tests/sim/sim_control.h"
#include "tests/support/compare.h"
#include "tests/support/numeric_gradient.h"

namespace keen::test {
namespace {

constexpr int kOutOfMemory = 2;  // cudaErrorMemoryAllocation
constexpr std::int64_t kBatch = 2;

// The layers of train_fashion_mnist's network, small.
class Network final : public keras::layers::Layer {
 protected:
  Tensor call(const Tensor& images, const CallArgs& args) override {
    namespace v1 = keen::compat::v1;
    auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
    auto scope = v1::variable_scope("network");
    const auto l2 = keras::regularizers::l2(1e-4);
    Tensor x = v1::layers::conv2d(images, 4, 3,
                                  {.strides = 2, .padding = "same", .kernel_regularizer = l2});
    x = nn::relu(v1::layers::batch_normalization(x, {.training = args.training}));
    x = v1::layers::flatten(x);
    x = v1::layers::dense(x, 8, {.activation = "relu", .kernel_regularizer = l2});
    x = v1::layers::dropout(x, {.rate = 0.4, .training = args.training});
    return v1::layers::dense(x, 10);
  }
};

std::vector<Tensor> values_of(const std::vector<Variable>& variables) {
  const DeviceScope scope(cpu());
  std::vector<Tensor> values;
  for (const Variable& variable : variables) {
    values.push_back(copy_to(variable.value(), cpu()));
  }
  return values;
}

// Two calls fail: the runtime gives its cache back after the first and tries once more.
void fail_allocation(int k) {
  KEEN_SIM(cudasim_fail)("cudaMallocFromPoolAsync", k, kOutOfMemory);
  KEEN_SIM(cudasim_fail)("cudaMallocFromPoolAsync", k + 1, kOutOfMemory);
}

class AllocationFailure : public testing::Test {
 protected:
  void SetUp() override {
    const char* mode = std::getenv("KEEN_CUDA_ALLOCATOR");
    KEEN_NEEDS_SIMULATOR();
    ASSERT_TRUE(mode != nullptr && std::string_view(mode) == "direct")
        << "set KEEN_CUDA_ALLOCATOR=direct";
  }

  // Whether the step failed.
  bool step_fails() {
    try {
      GradientTape tape;
      const Tensor scores = network_(images_, {.training = true});
      std::vector<Tensor> losses = network_.losses();
      losses.push_back(reduce_mean(nn::sparse_softmax_cross_entropy_with_logits(labels_, scores)));
      const Tensor loss = add_n(losses);
      const std::vector<Variable> variables = network_.trainable_variables();
      optimizer_.apply_gradients(tape.gradient(loss, variables), variables);
      EXPECT_TRUE(std::isfinite(loss.item<float>()));
      return false;
    } catch (const ResourceExhaustedError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("out of memory on gpu:0"));
      return true;
    }
  }

  // Each variable is as it was before the step or as the step leaves it.
  static void expect_none_half_written(int k, const std::vector<Tensor>& before,
                                       const std::vector<Tensor>& now,
                                       const std::vector<Tensor>& after) {
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool old = exact_difference("", now[i], before[i]).empty();
      const bool fresh = exact_difference("", now[i], after[i]).empty();
      EXPECT_TRUE(old || fresh) << "allocation " << k << ", variable " << i;
    }
  }

  DeviceScope scope_{gpu()};
  Tensor images_ = copy_to(arbitrary({float32, {kBatch, 8, 8, 1}}, 5), gpu());
  Tensor labels_ = copy_to(Tensor::from_vector(std::vector<std::int32_t>{3, 7}), gpu());
  Network network_;
  compat::v1::train::MomentumOptimizer optimizer_{1e-2, 0.9};
};

TEST_F(AllocationFailure, leaves_every_variable_whole) {
  ASSERT_FALSE(step_fails());
  auto& context = device::context(gpu());
  std::vector<Variable> variables = network_.variables();
  for (const Variable& slot : optimizer_.variables()) variables.push_back(slot);
  int failed = 0;
  for (int k = 1;; ++k) {
    ASSERT_LT(k, 1000);
    const std::vector<Tensor> before = values_of(variables);
    const auto held = context.memory_stats().bytes_in_use;
    fail_allocation(k);
    const bool fails = step_fails();
    if (!fails) break;
    ++failed;
    const std::vector<Tensor> now = values_of(variables);
    for (std::size_t i = 0; i < variables.size(); ++i) variables[i].assign(before[i]);
    // The transpose that a filter's buffer keeps went with the contents.
    EXPECT_EQ(context.memory_stats().bytes_in_use, held) << "allocation " << k;
    ASSERT_FALSE(step_fails()) << "after allocation " << k;
    expect_none_half_written(k, before, now, values_of(variables));
    for (std::size_t i = 0; i < variables.size(); ++i) variables[i].assign(before[i]);
  }
  EXPECT_GT(failed, 20);
  KEEN_SIM(cudasim_clear)();
}

}  // namespace
}  // namespace keen::test
