// Automatic differentiation by recording (tf.GradientTape).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "runtime/tensor/variable.h"

namespace keen {

struct GradientTapeArgs {
  bool persistent = false;
  bool watch_accessed_variables = true;
};

// What gradient() gives for a source that the target does not depend on (tf.UnconnectedGradients).
enum class UnconnectedGradients : std::uint8_t { kNone, kZero };

struct GradientArgs {
  // Gradient of something with respect to each target; undefined or absent: ones.
  std::vector<Tensor> output_gradients = {};
  UnconnectedGradients unconnected_gradients = UnconnectedGradients::kNone;
};

// What a gradient is taken with respect to.
class Source {
 public:
  Source(const Tensor& tensor) : tensor_(tensor) {}          // NOLINT
  Source(const Variable& variable) : variable_(variable) {}  // NOLINT
  [[nodiscard]] const Tensor& tensor() const { return tensor_; }
  [[nodiscard]] const Variable& variable() const { return variable_; }
  [[nodiscard]] bool is_variable() const { return variable_.defined(); }
  [[nodiscard]] const TensorSpec& spec() const {
    return is_variable() ? variable_.spec() : tensor_.spec();
  }

 private:
  Tensor tensor_;
  Variable variable_;
};

// Records the ops of its thread from its construction until gradient() (unless persistent), stop()
// or its end. Trainable variables that are read are watched, tensors when watch() is called on
// them.
//
//   GradientTape tape;
//   Tensor loss = square(w - 1.0f);
//   Tensor gradient = tape.gradient(loss, w);
//
// Tapes nest: the ops of a gradient are recorded by outer tapes, and by a persistent one that is
// still recording. A tape belongs to the thread that made it: RuntimeError on any other.
class GradientTape {
 public:
  explicit GradientTape(const GradientTapeArgs& args = {});
  GradientTape(const GradientTape&) = delete;
  GradientTape& operator=(const GradientTape&) = delete;
  ~GradientTape();

  // Follows a tensor of a floating dtype from now on; others are ignored with a warning in the log.
  void watch(const Tensor& tensor);
  void watch(const Variable& variable);
  // The variables that were watched, in the order of their first read.
  [[nodiscard]] std::vector<Variable> watched_variables() const;

  // d target / d source, of the source's spec; undefined where there is none. Targets of several
  // elements are summed. RuntimeError for a second call on a tape that is not persistent;
  // InvalidArgumentError where output_gradients don't have the targets' shapes; LookupError where
  // an op on the way has no gradient.
  [[nodiscard]] Tensor gradient(const Tensor& target, const Source& source,
                                const GradientArgs& args = {});
  [[nodiscard]] std::vector<Tensor> gradient(const Tensor& target, std::span<const Source> sources,
                                             const GradientArgs& args = {});
  [[nodiscard]] std::vector<Tensor> gradient(const Tensor& target,
                                             const std::vector<Variable>& sources,
                                             const GradientArgs& args = {});
  [[nodiscard]] std::vector<Tensor> gradient(std::span<const Tensor> targets,
                                             std::span<const Source> sources,
                                             const GradientArgs& args = {});

  // Ends the recording for good: the end of TensorFlow's `with` block.
  void stop();
  // Forgets what was recorded and goes on recording.
  void reset();

  // `with tape.stop_recording():`
  class [[nodiscard]] Pause {
   public:
    explicit Pause(GradientTape& tape);
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause();

   private:
    GradientTape* tape_;
  };
  [[nodiscard]] Pause stop_recording() { return Pause(*this); }

 private:
  class Record;

  std::unique_ptr<Record> record_;
};

// Runs f without recording its ops, then records them as one call whose gradient is the function
// that f gave (tf.custom_gradient).
struct CustomGradient {
  std::vector<Tensor> outputs;
  // Gradients of the inputs, in their order, from those of the outputs.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> gradient;
};
[[nodiscard]] std::vector<Tensor> custom_gradient(
    const std::function<CustomGradient(const std::vector<Tensor>&)>& f,
    const std::vector<Tensor>& inputs);

}  // namespace keen
