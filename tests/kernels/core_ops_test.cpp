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
                .tolerance = kExact}});

}  // namespace
}  // namespace keen::test
