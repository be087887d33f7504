// Tools beside the layers (tf.keras.utils).
#pragma once

#include <cstdint>

namespace keen::keras::utils {

// Seeds everything that draws: the global seed of random ops (tf.random.set_seed) and the stream
// from which initializers and layers take theirs. ValueError for a negative seed, which NumPy,
// whose generator TensorFlow seeds too, refuses.
void set_random_seed(std::int64_t seed);

}  // namespace keen::keras::utils
