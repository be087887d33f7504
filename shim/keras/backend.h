// Names and sessions (tf.keras.backend).
#pragma once

#include <string>
#include <string_view>

namespace keen::keras::backend {

// Forgets all counts that automatic names are made of, and the current variable scope: what follows
// is named as in a new process.
void clear_session();

// The next number for objects of that base name, from 1 on; a function being traced counts for
// itself.
[[nodiscard]] int next_object_number(std::string_view base_name);

// "dense", "dense_1", … for Keras' layers.
[[nodiscard]] std::string unique_object_name(std::string_view base_name);

// "DenseLayer" -> "dense_layer", as Keras makes the base name from that of a class.
[[nodiscard]] std::string to_snake_case(std::string_view class_name);

}  // namespace keen::keras::backend
