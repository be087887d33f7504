#include "shim/keras/utils.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/tensor/random_state.h"

namespace keen::keras::utils {

void set_random_seed(std::int64_t seed) {
  if (seed < 0) {
    throw ValueError(text("set_random_seed: seed must be a non-negative integer, got ", seed));
  }
  random::set_seed(seed);
  random::current_random_state().set_keras_seed(seed);
}

}  // namespace keen::keras::utils
