// Methods that own the TF1-style variables they make
// (tf.compat.v1.keras.utils.track_tf1_style_variables).
#pragma once

namespace keen {
class Module;
}  // namespace keen

namespace keen::compat::v1 {

class VariableStore;

namespace keras::utils {

// Until the end of the block, get_variable and v1::layers find and make their variables in the
// store of `module`. All methods of one object share its store.
class [[nodiscard]] StyleTracker {
 public:
  explicit StyleTracker(Module& module);
  StyleTracker(const StyleTracker&) = delete;
  StyleTracker& operator=(const StyleTracker&) = delete;
  ~StyleTracker();

 private:
  VariableStore* saved_;
};

// The decorator, as first line of a method:
//   auto tracked = v1::keras::utils::track_tf1_style_variables(*this);
[[nodiscard]] inline StyleTracker track_tf1_style_variables(Module& module) {
  return StyleTracker(module);
}

}  // namespace keras::utils
}  // namespace keen::compat::v1
