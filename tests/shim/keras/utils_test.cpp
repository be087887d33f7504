#include "shim/keras/utils.h"

#include <gtest/gtest.h>

#include "kernels/random.h"
#include "runtime/base/error.h"
#include "runtime/tensor/random_state.h"

namespace keen::keras::utils {
namespace {

TEST(SetRandomSeed, SeedsOpsAndInitializers) {
  set_random_seed(42);
  const auto first = random::uniform({4}).to_vector<float>();
  // The first integer that a Keras initializer draws after seed 42.
  EXPECT_EQ(random::current_random_state().next_keras_seed(), 686579304);
  set_random_seed(42);
  EXPECT_EQ(random::uniform({4}).to_vector<float>(), first);
  EXPECT_EQ(random::current_random_state().next_keras_seed(), 686579304);
}

TEST(SetRandomSeed, RefusesNegativeSeeds) { EXPECT_THROW(set_random_seed(-1), ValueError); }

}  // namespace
}  // namespace keen::keras::utils
