// Cases of ops as data, and the harness that plays each on every device:
//
//   KEEN_OP_CASES("AddV2", {
//       {.name = "row",
//        .inputs = {constant({{1.0, 2.0}, {3.0, 4.0}}), constant({10.0, 20.0})},
//        .call = [](const Tensor& x, const Tensor& y) { return add(x, y); },
//        .outputs = {constant({{11.0, 22.0}, {13.0, 24.0}})}},
//       {.name = "shapes_that_do_not_fit",
//        .inputs = {constant({1.0, 2.0}), constant({1.0, 2.0, 3.0})},
//        .call = [](const Tensor& x, const Tensor& y) { return add(x, y); },
//        .error = {"InvalidArgumentError", "AddV2: Incompatible shapes"}}})
//
// A case × device is a test of its own, op.<row>.<case>.<cpu0>. It runs the call eagerly, and in a
// function, traced once and replayed twice: the outputs are those expected, within the
// tolerance, and the same bits each time; the inputs are unchanged. The gradient of a weighted sum
// of the outputs is the same bits in and out of functions, and agrees with finite differences of
// the call on a float64 copy of the inputs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/tensor/constant.h"
#include "runtime/tensor/tensor.h"
#include "tests/support/bits.h"
#include "tests/support/compare.h"

namespace keen::test {

// A function from tensors to tensors. Made of anything that takes one to five Tensors, or a
// std::vector of them, and gives a Tensor, a vector, pair or tuple of them.
class OpCall {
 public:
  OpCall() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, OpCall>) OpCall(F f)  // NOLINT
      : function_(
            [f = std::move(f)](const std::vector<Tensor>& in) { return list(apply(f, in)); }) {}

  [[nodiscard]] std::vector<Tensor> operator()(const std::vector<Tensor>& inputs) const {
    return function_(inputs);
  }

 private:
  template <class F>
  static auto apply(const F& f, const std::vector<Tensor>& in) {
    using T = const Tensor&;
    if constexpr (std::is_invocable_v<F, const std::vector<Tensor>&>) {
      return f(in);
    } else if constexpr (std::is_invocable_v<F>) {
      return f();
    } else if constexpr (std::is_invocable_v<F, T>) {
      return f(in.at(0));
    } else if constexpr (std::is_invocable_v<F, T, T>) {
      return f(in.at(0), in.at(1));
    } else if constexpr (std::is_invocable_v<F, T, T, T>) {
      return f(in.at(0), in.at(1), in.at(2));
    } else if constexpr (std::is_invocable_v<F, T, T, T, T>) {
      return f(in.at(0), in.at(1), in.at(2), in.at(3));
    } else {
      return f(in.at(0), in.at(1), in.at(2), in.at(3), in.at(4));
    }
  }
  static std::vector<Tensor> list(std::vector<Tensor> tensors) { return tensors; }
  static std::vector<Tensor> list(const Tensor& tensor) { return {tensor}; }
  template <class A, class B>
  static std::vector<Tensor> list(const std::pair<A, B>& tensors) {
    return {tensors.first, tensors.second};
  }
  template <class... A>
  static std::vector<Tensor> list(const std::tuple<A...>& tensors) {
    return std::apply([](const auto&... each) { return std::vector<Tensor>{each...}; }, tensors);
  }

  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> function_;
};

enum class GradientCheck : std::uint8_t {
  kFloat64,  // finite differences on a float64 copy; nothing where inputs or outputs are integers
  kFloat32,  // the same on a float32 copy, coarser: for kernels that have no float64
  kNone,     // at kinks, and where gradients are stopped on purpose
};

// What a call with bad arguments throws: the class by its name, and a part of its text.
struct ExpectedError {
  std::string kind = {};
  std::string text = {};
};

struct OpCase {
  std::string name = {};  // letters, digits and underscores
  std::vector<Tensor> inputs = {};
  OpCall call = {};
  // Expected; empty where the case is only about modes and gradients.
  std::vector<Tensor> outputs = {};
  Tolerance tolerance = kElementwise;
  // On GPUs; nullopt: the same. For what is exact on CPUs and uses a GPU's math functions.
  std::optional<Tolerance> gpu_tolerance = {};
  GradientCheck gradient = GradientCheck::kFloat64;
  // Weights of the outputs in the sum that is differentiated; empty: some numbers in [-1, 1).
  std::vector<Tensor> cotangents = {};
  // Expected gradients, one for each input (undefined: there is none; nullopt: not compared);
  // empty: finite differences alone decide.
  std::vector<std::optional<Tensor>> gradients = {};
  Tolerance gradient_tolerance = kContraction;
  ExpectedError error = {};
  // Not played on GPUs: for what is found by reading values on the host.
  bool cpu_only = false;
  // For ops that draw from a state: starts it anew. Calls then differ, but the n-th one after it
  // gives the same bits in each mode. Such a case needs GradientCheck::kNone.
  std::function<void()> reset = {};
};

// Plays the case on a device. What went wrong, one line each; empty if nothing did. `bits` gets the
// outputs of the first call and the gradients that are checked.
[[nodiscard]] std::vector<std::string> play(const OpCase& op_case, Device device,
                                            BitDigest* bits = nullptr);

// Registers a test for each case and device. Where the environment has KEEN_OP_BITS, each appends a
// line "op.Row.case.gpu0 <digest of its bits>" to the file of that name. The first call makes the
// CPU two logical devices of two threads each.
class OpCases {
 public:
  // `make` is called at once; what it throws becomes a failing test.
  OpCases(const std::string& row, const std::function<std::vector<OpCase>()>& make);
};

// The rows that have cases in this program.
[[nodiscard]] const std::set<std::string>& rows_with_cases();

#define KEEN_OP_CASES_NAME_(line) keen_op_cases_##line
#define KEEN_OP_CASES_NAME(line) KEEN_OP_CASES_NAME_(line)
#define KEEN_OP_CASES(row, ...)                                    \
  static const ::keen::test::OpCases KEEN_OP_CASES_NAME(__LINE__)( \
      row, [] { return std::vector<::keen::test::OpCase> __VA_ARGS__; })

}  // namespace keen::test
