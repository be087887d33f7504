// Functions that are traced once per signature and then replayed (tf.function).
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensors.h"
#include "runtime/trace/function_arguments.h"

namespace keen {

struct FunctionArgs {
  // What logs and errors call it.
  std::string name = "function";
  // Traces kept; beyond, the one used longest ago is forgotten.
  int max_traces = 128;
};

namespace trace {

// The part of a function that doesn't depend on the types of its arguments. Thread-safe; a trace is
// made by one thread at a time.
class FunctionCore {
 public:
  using Body = std::function<Tensors(std::span<const Tensor>)>;

  explicit FunctionCore(FunctionArgs args);
  FunctionCore(const FunctionCore&) = delete;
  FunctionCore& operator=(const FunctionCore&) = delete;
  ~FunctionCore();

  // Replays the trace of that signature on the signature's tensors; traces `body` first if there is
  // none.
  [[nodiscard]] Tensors call(const Signature& signature, const Body& body);
  [[nodiscard]] int trace_count() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace trace

// Calls `f` once for each signature, on symbolic tensors, and replays the ops that it called on
// every later call: effects on variables happen in order, C++ side effects only while tracing.
//
// The signature of a call is made of the specs and devices of its tensors, the values of its
// numbers, strings and enums, and the identity of the objects it is given by reference or pointer;
// further of the device scope and `training` around it. Variables may be made while the first trace
// is made, which then is made anew, and are a ValueError later. Gradients flow through calls; tapes
// may be used within. Arguments: Tensor, Tensors, std::vector<Tensor>, Variable, numbers, bool,
// enums, strings, std::optional of these, pointers and references to objects. Results: Tensor,
// Tensors, std::vector<Tensor>, std::pair or std::tuple of Tensor, void.
template <class Signature>
class Function;

template <class Result, class... Arguments>
class Function<Result(Arguments...)> {
 public:
  explicit Function(std::function<Result(Arguments...)> f, FunctionArgs args = {})
      : f_(std::move(f)), core_(std::make_shared<trace::FunctionCore>(std::move(args))) {}

  Result operator()(Arguments... arguments) const {
    trace::Signature signature;
    (trace::add_argument(signature, arguments), ...);
    const Tensors results =
        core_->call(signature, [&](std::span<const Tensor> symbolic) -> Tensors {
          trace::ArgumentReader reader(symbolic);
          // Braces read the arguments in their order.
          std::tuple<trace::Stored<Arguments>...> given{
              trace::read_argument<Arguments>(reader, arguments)...};
          if constexpr (std::is_void_v<Result>) {
            std::apply(f_, given);
            return {};
          } else {
            return trace::to_tensors(std::apply(f_, given));
          }
        });
    if constexpr (!std::is_void_v<Result>) return trace::FromTensors<Result>::convert(results);
  }

  // How often it has been traced (tf.function's experimental_get_tracing_count).
  [[nodiscard]] int experimental_get_tracing_count() const { return core_->trace_count(); }

 private:
  std::function<Result(Arguments...)> f_;
  std::shared_ptr<trace::FunctionCore> core_;
};

namespace trace {

template <class F>
struct SignatureOf;
template <class R, class... A>
struct SignatureOf<std::function<R(A...)>> {
  using type = R(A...);
};

}  // namespace trace

// `@tf.function`: f is a function or lambda whose parameter types are written out.
template <class F>
[[nodiscard]] auto function(F&& f, FunctionArgs args = {}) {
  using Std = decltype(std::function(std::forward<F>(f)));
  return Function<typename trace::SignatureOf<Std>::type>(Std(std::forward<F>(f)), std::move(args));
}

}  // namespace keen
