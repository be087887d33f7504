// Names and sessions (tf.keras.backend).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace keen::keras::backend {

// Forgets all counts that automatic names are made of, and the current variable scope: what follows
// is named as in a new process.
void clear_session();

// Counts the objects of one base name.
class ObjectCounter {
 public:
  // From 1 on; a function being traced counts for itself.
  [[nodiscard]] int next();
  // As in a new process.
  void reset() { eager_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<int> eager_{0};
  std::mutex mutex_;
  int traced_ = 0;
  std::uint64_t trace_ = 0;  // whose objects `traced_` counts
};

// The counter of a base name; it lives as long as the process.
[[nodiscard]] ObjectCounter& object_counter(std::string_view base_name);

// "dense", "dense_1", … for Keras' layers.
[[nodiscard]] std::string unique_object_name(std::string_view base_name);

// "DenseLayer" -> "dense_layer", as Keras makes the base name from that of a class.
[[nodiscard]] std::string to_snake_case(std::string_view class_name);

}  // namespace keen::keras::backend
