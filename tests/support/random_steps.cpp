#include "tests/support/random_steps.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "kernels/detail/dropout.h"
#include "kernels/dropout.h"
#include "kernels/random.h"
#include "kernels/random_seed.h"
#include "kernels/random_shuffle.h"
#include "runtime/base/text.h"
#include "runtime/op/call.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/op.h"
#include "runtime/tensor/context.h"

namespace keen::test {
namespace {

using nlohmann::json;

// Writes down the stateful random ops that run during its life, in the form of a step's `ops`.
class RandomOpRecorder final : public op::CallObserver {
 public:
  RandomOpRecorder() { Context::current().observers().push_back(this); }
  ~RandomOpRecorder() { Context::current().observers().pop_back(); }
  RandomOpRecorder(const RandomOpRecorder&) = delete;
  RandomOpRecorder& operator=(const RandomOpRecorder&) = delete;

  void record(const op::Call& call) override {
    if (call.op.effect != op::Effect::kRandom) {
      return;
    }
    // TensorFlow's dropout draws its numbers by an op of their own.
    const bool dropout = call.op.name == std::string_view("_Dropout");
    const auto args = dropout ? call.attrs.as<detail::DropoutOpArgs>().random_args()
                              : call.attrs.as<random::RandomOpArgs>();
    const auto dims = call.outputs[0].shape().dims();
    ops_.push_back({{"op", dropout ? op::kRandomUniform.name : call.op.name},
                    {"seed", args.seed},
                    {"seed2", args.seed2},
                    {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())}});
  }
  [[nodiscard]] const json& ops() const { return ops_; }

 private:
  json ops_ = json::array();
};

// The field as a parameter: an integer stays one. `otherwise` if it is not there.
random::Parameter parameter(const json& step, const char* field,
                            const random::Parameter& otherwise) {
  if (!step.contains(field)) {
    return otherwise;
  }
  const json& value = step.at(field);
  return value.is_number_integer() ? random::Parameter(value.get<std::int64_t>())
                                   : random::Parameter(value.get<double>());
}

DType dtype_field(const json& step) { return dtype_from_name(step.value("dtype", "float32")); }

std::optional<std::int64_t> seed_field(const json& step) {
  return step.contains("seed") ? std::optional(step.at("seed").get<std::int64_t>()) : std::nullopt;
}

Tensor do_uniform(const json& step) {
  expect_fields(step, {"op", "shape"}, {"set_seed", "minval", "maxval", "dtype", "seed"});
  return random::uniform(shape_of(step.at("shape")), {.minval = parameter(step, "minval", 0),
                                                      .maxval = parameter(step, "maxval", {}),
                                                      .dtype = dtype_field(step),
                                                      .seed = seed_field(step)});
}

random::NormalArgs normal_args(const json& step) {
  expect_fields(step, {"op", "shape"}, {"set_seed", "mean", "stddev", "dtype", "seed"});
  return {.mean = parameter(step, "mean", 0.0),
          .stddev = parameter(step, "stddev", 1.0),
          .dtype = dtype_field(step),
          .seed = seed_field(step)};
}

Tensor do_normal(const json& step) {
  return random::normal(shape_of(step.at("shape")), normal_args(step));
}

Tensor do_truncated_normal(const json& step) {
  return random::truncated_normal(shape_of(step.at("shape")), normal_args(step));
}

Tensor do_shuffle(const json& step) {
  expect_fields(step, {"op", "range"}, {"set_seed", "seed"});
  return random::shuffle(range_of(step.at("range").get<std::int64_t>()),
                         {.seed = seed_field(step)});
}

Tensor do_dropout(const json& step) {
  expect_fields(step, {"op", "ones", "rate"}, {"set_seed", "seed"});
  return nn::dropout(fill(shape_of(step.at("ones")), 1.0), step.at("rate").get<double>(),
                     {.seed = seed_field(step)});
}

}  // namespace

void RandomPlay::compare_values(const std::string& what, const json& got, const json& want) const {
  if (got != want) {
    add(text(what, ": got ", got.dump(), ", want ", want.dump()));
  }
}

Shape shape_of(const json& dims) { return Shape(dims.get<std::vector<std::int64_t>>()); }

void expect_fields(const json& object, std::initializer_list<const char*> required,
                   std::initializer_list<const char*> optional) {
  for (const char* field : required) {
    if (!object.contains(field)) {
      throw std::runtime_error(text("there is no field '", field, "' in ", object.dump()));
    }
  }
  for (const auto& [field, value] : object.items()) {
    const auto is_field = [&name = field](const char* known) { return name == known; };
    if (std::ranges::none_of(required, is_field) && std::ranges::none_of(optional, is_field)) {
      throw std::runtime_error(text("unknown field '", field, "' in ", object.dump()));
    }
  }
}

bool is_description(const std::string& field) {
  return field == "format" || field == "case" || field == "title" || field == "tensorflow" ||
         field == "tensors" || field == "note";
}

Tensor range_of(std::int64_t n) {
  std::vector<std::int32_t> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), 0);
  return Tensor::from_vector(numbers);
}

Differences play_random_step(const json& step, const GoldenArrays& arrays) {
  static const std::map<std::string, Tensor (*)(const json&)> known{
      {"random.uniform", do_uniform},
      {"random.normal", do_normal},
      {"random.truncated_normal", do_truncated_normal},
      {"random.shuffle", do_shuffle},
      {"nn.dropout", do_dropout}};
  expect_fields(step, {"call", "do", "output", "ops"});
  const json& what = step.at("do");
  const auto found = known.find(what.at("op").get<std::string>());
  if (found == known.end()) {
    throw std::runtime_error(text("unknown op in ", what.dump()));
  }
  if (what.contains("set_seed")) {
    random::set_seed(what.at("set_seed").get<std::int64_t>());
  }
  Differences differences;
  const RandomOpRecorder recorder;
  const Tensor got = found->second(what);
  const auto output = step.at("output").get<std::string>();
  if (const std::string difference = drawn_difference(output, got, arrays.at(output));
      !difference.empty()) {
    differences.push_back(difference);
  }
  if (recorder.ops() != step.at("ops")) {
    differences.push_back(text(output, ": random ops that ran: got ", recorder.ops().dump(),
                               ", want ", step.at("ops").dump()));
  }
  return differences;
}

}  // namespace keen::test
