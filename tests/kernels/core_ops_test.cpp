// Cases of the rows that the runtime itself needs.
#include "runtime/op/core_ops.h"

#include "tests/support/op_case.h"

namespace keen::test {
namespace {

KEEN_OP_CASES(
    "Identity",
    {{.name = "matrix",
      .inputs = {constant({{1.0, -2.0}, {3.0, 4.5}})},
      .call = identity,
      .outputs = {constant({{1.0, -2.0}, {3.0, 4.5}})},
      .tolerance = kExact},
     {.name = "scalar", .inputs = {constant(2)}, .call = identity, .outputs = {constant(2)}},
     {.name = "boolean",
      .inputs = {constant({true, false})},
      .call = identity,
      .outputs = {constant({true, false})}},
     {.name = "text", .inputs = {constant("one")}, .call = identity, .outputs = {constant("one")}},
     {.name = "half",
      .inputs = {constant({0.5, -1.5}, {.dtype = float16})},
      .call = identity,
      .outputs = {constant({0.5, -1.5}, {.dtype = float16})}},
     {.name = "empty",
      .inputs = {Tensor::from_vector(std::vector<float>(), {0, 3})},
      .call = identity,
      .outputs = {Tensor::from_vector(std::vector<float>(), {0, 3})}},
     {.name = "undefined",
      .inputs = {Tensor()},
      .call = identity,
      .error = {"InvalidArgumentError", "Identity: input 'input' is undefined"}}});

KEEN_OP_CASES("AddN",
              {{.name = "three",
                .inputs = {constant({1.0, 2.0}), constant({10.0, 20.0}), constant({100.0, 200.0})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .outputs = {constant({111.0, 222.0})},
                .tolerance = kExact},
               {.name = "one",
                .inputs = {constant({1.0, 2.0})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .outputs = {constant({1.0, 2.0})}},
               {.name = "same_tensor",
                .inputs = {constant({1.0, 2.0})},
                .call =
                    [](const Tensor& x) {
                      return add_n(std::vector<Tensor>{x, x, x});
                    },
                .outputs = {constant({3.0, 6.0})}},
               {.name = "integers",
                .inputs = {constant({1, 2}), constant({10, 20})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .outputs = {constant({11, 22})}},
               {.name = "half",
                .inputs = {constant({0.5, 2.0}, {.dtype = float16}),
                           constant({1.0, 0.25}, {.dtype = float16})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .outputs = {constant({1.5, 2.25}, {.dtype = float16})}},
               {.name = "empty",
                .inputs = {Tensor::from_vector(std::vector<float>(), {2, 0}),
                           Tensor::from_vector(std::vector<float>(), {2, 0})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .outputs = {Tensor::from_vector(std::vector<float>(), {2, 0})}},
               {.name = "no_broadcast",
                .inputs = {constant({1.0, 2.0}), constant(1.0)},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .error = {"InvalidArgumentError", "must have the same size and shape"}},
               {.name = "mixed_types",
                .inputs = {constant({1.0, 2.0}), constant({1, 2})},
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .error = {"InvalidArgumentError",
                          "cannot compute AddN as input #1(zero-based) was expected to be a float "
                          "tensor but is a int32 tensor"}},
               {.name = "no_inputs",
                .call = [](const std::vector<Tensor>& in) { return add_n(in); },
                .error = {"ValueError", "add_n: inputs must be a list of at least one tensor"}}});

KEEN_OP_CASES(
    "_Fill",
    {{.name = "numbers",
      .call =
          [] {
            return fill({2, 2}, 1.5);
          },
      .outputs = {constant({{1.5, 1.5}, {1.5, 1.5}})}},
     {.name = "scalar", .call = [] { return fill({}, 3, int64); }, .outputs = {constant(3L)}},
     {.name = "empty",
      .call =
          [] {
            return fill({0, 2}, 1.5);
          },
      .outputs = {Tensor::from_vector(std::vector<float>(), {0, 2})}},
     {.name = "larger_than_a_folded_constant",
      .call = [] { return fill({1000}, 1.5); },
      .outputs = {constant(std::vector<float>(1000, 1.5F))}},
     {.name = "unknown_shape",
      .call =
          [] {
            return fill({-1, 2}, 1.5);
          },
      .error = {"InvalidArgumentError", "Fill: shape (None, 2) is not fully known"}},
     {.name = "strings",
      .call = [] { return fill({2}, 1.5, DType::kString); },
      .error = {"InvalidArgumentError", "Fill: dtype string is not a number's"}}});

KEEN_OP_CASES("_Copy", {{.name = "there_and_back",
                         .inputs = {constant({1.0, 2.0, 3.0})},
                         .call =
                             [](const Tensor& x) {
                               const Device here = x.device();
                               const Device there = here == cpu(0) ? cpu(1) : cpu(0);
                               const Tensor moved = copy_to(x, there);
                               return copy_to(add_n(std::vector<Tensor>{moved, moved}), here);
                             },
                         .outputs = {constant({2.0, 4.0, 6.0})}},
                        {.name = "unknown_device",
                         .inputs = {constant({1.0})},
                         .call = [](const Tensor& x) { return copy_to(x, cpu(7)); },
                         .error = {"InvalidArgumentError", "cpu:7 is not available"}}});

// Variables live on cpu:0; a read is handed to an op, which runs where the case does.
KEEN_OP_CASES("ReadVariableOp",
              {{.name = "value",
                .call = [v = Variable(constant({1.0, 2.0}))] { return identity(v.value()); },
                .outputs = {constant({1.0, 2.0})}},
               {.name = "empty",
                .call = [v = Variable(Tensor::from_vector(std::vector<float>(),
                                                          {0, 2}))] { return identity(v.value()); },
                .outputs = {Tensor::from_vector(std::vector<float>(), {0, 2})}}});

const OpCase kWrongType = {
    .name = "wrong_dtype",
    .inputs = {constant({1, 2})},
    .error = {"InvalidArgumentError", "variable 'Variable:0' is float32(2,), the value int32(2,)"}};
const OpCase kWrongShape = {
    .name = "wrong_shape",
    .inputs = {constant({1.0})},
    .error = {"ValueError",
              "Cannot assign value to variable 'Variable:0': Shape mismatch.The variable shape "
              "(2,), and the assigned value shape (1,) are incompatible."}};

OpCase with_call(OpCase op_case, OpCall call) {
  op_case.call = std::move(call);
  return op_case;
}

Variable two_numbers() { return Variable(constant({1.0, 2.0})); }

KEEN_OP_CASES(
    "AssignVariableOp",
    {{.name = "read_before_and_after",
      .inputs = {constant({5.0, 6.0})},
      .call =
          [v = two_numbers()](const Tensor& x) {
            v.assign(constant({1.0, 2.0}));
            const Tensor before = v.value();
            v.assign(x);
            return std::pair(identity(before), identity(v.value()));
          },
      .outputs = {constant({1.0, 2.0}), constant({5.0, 6.0})},
      .gradient = GradientCheck::kNone},
     with_call(kWrongType, [v = two_numbers()](const Tensor& x) { return v.assign(x).value(); }),
     with_call(kWrongShape, [v = two_numbers()](const Tensor& x) { return v.assign(x).value(); })});

KEEN_OP_CASES("AssignAddVariableOp",
              {{.name = "twice",
                .inputs = {constant({5.0, 6.0})},
                .call =
                    [v = two_numbers()](const Tensor& x) {
                      v.assign(constant({1.0, 2.0}));
                      v.assign_add(x).assign_add(x);
                      return identity(v.value());
                    },
                .outputs = {constant({11.0, 14.0})},
                .gradient = GradientCheck::kNone},
               with_call(kWrongType,
                         [v = two_numbers()](const Tensor& x) { return v.assign_add(x).value(); }),
               with_call(kWrongShape, [v = two_numbers()](const Tensor& x) {
                 return v.assign_add(x).value();
               })});

KEEN_OP_CASES("AssignSubVariableOp",
              {{.name = "twice",
                .inputs = {constant({5, 6})},
                .call =
                    [v = Variable(constant({1, 2}))](const Tensor& x) {
                      v.assign(constant({1, 2}));
                      v.assign_sub(x).assign_sub(x);
                      return identity(v.value());
                    },
                .outputs = {constant({-9, -10})}},
               with_call(kWrongType,
                         [v = two_numbers()](const Tensor& x) { return v.assign_sub(x).value(); }),
               with_call(kWrongShape, [v = two_numbers()](const Tensor& x) {
                 return v.assign_sub(x).value();
               })});

}  // namespace
}  // namespace keen::test
