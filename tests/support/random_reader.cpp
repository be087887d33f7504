#include "tests/support/random_reader.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "kernels/random.h"
#include "kernels/random_seed.h"
#include "kernels/random_shuffle.h"
#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "runtime/op/execute.h"
#include "runtime/op/op.h"
#include "runtime/tensor/constant.h"
#include "runtime/tensor/python_generator.h"
#include "runtime/trace/function.h"
#include "tests/support/initializers_reader.h"
#include "tests/support/random_stateless_reader.h"
#include "tests/support/random_steps.h"

namespace keen::test {
namespace {

using nlohmann::json;

Tensor scalar_of(const json& value, DType dtype) {
  return scalar_like(value.get<std::int64_t>(), dtype);
}

// ---- raw_kernels: ops with the seeds that they are given ----

const op::Op& op_named(const std::string& name) {
  for (const op::Op* op : op::all()) {
    if (name == op->name) {
      return *op;
    }
  }
  throw std::runtime_error("there is no op '" + name + "'");
}

// Runs the op's kernel on its own `call` times more than once and hands back the last result.
Tensor run_raw(const json& entry, const Shape& shape, std::int64_t call) {
  const random::RandomStateScope fresh;
  const op::Op& op = op_named(entry.at("op").get<std::string>());
  const DType dtype = dtype_from_name(entry.value("dtype", "float32"));
  const random::RandomOpArgs args{.seed = entry.at("seed").get<std::int64_t>(),
                                  .seed2 = entry.at("seed2").get<std::int64_t>(),
                                  .dtype = dtype};
  Tensor result;
  for (std::int64_t i = 0; i <= call; ++i) {
    if (entry.contains("minval")) {
      result = op::execute(op,
                           {ShapeLike(shape).tensor(), scalar_of(entry.at("minval"), dtype),
                            scalar_of(entry.at("maxval"), dtype)},
                           args);
    } else {
      result = op::execute(op, {ShapeLike(shape).tensor()}, args);
    }
  }
  return result;
}

void play_raw_entry(const json& entry, const RandomPlay& play) {
  expect_fields(entry, {"op", "seed", "seed2", "shape", "call", "output", "dtype"},
                {"minval", "maxval"});
  const auto output = entry.at("output").get<std::string>();
  play.compare(output, run_raw(entry, shape_of(entry.at("shape")), entry.at("call")), output);
}

void play_shared_kernel(const json& part, const RandomPlay& play) {
  expect_fields(part, {"op", "seed", "seed2", "calls"});
  const random::RandomStateScope fresh;
  const op::Op& op = op_named(part.at("op").get<std::string>());
  const random::RandomOpArgs args{.seed = part.at("seed").get<std::int64_t>(),
                                  .seed2 = part.at("seed2").get<std::int64_t>()};
  for (const json& call : part.at("calls")) {
    expect_fields(call, {"shape", "output"});
    const auto output = call.at("output").get<std::string>();
    const ShapeLike shape(shape_of(call.at("shape")));
    play.compare(output, op::execute(op, {shape.tensor()}, args), output);
  }
}

void play_large(const json& part, const RandomPlay& play) {
  expect_fields(part, {"op", "seed", "seed2", "n", "head", "tail"});
  const auto n = part.at("n").get<std::int64_t>();
  const Tensor numbers = copy_to(run_raw(part, Shape{n}, 0), cpu());
  for (const auto& [name, from_end] : {std::pair("head", false), std::pair("tail", true)}) {
    const Tensor& want = play.arrays.at(part.at(name).get<std::string>());
    const std::int64_t count = want.num_elements();
    const Tensor got = Tensor::from_memory(
        numbers.data<float>().data() + (from_end ? n - count : 0), count, want.shape());
    play.add(drawn_difference(name, got, want));
  }
}

void play_raw_shuffle(const json& part, const RandomPlay& play) {
  expect_fields(part, {"seed", "seed2", "n", "output"});
  const random::RandomStateScope fresh;
  const auto output = part.at("output").get<std::string>();
  const Tensor value = range_of(part.at("n").get<std::int64_t>());
  const random::RandomOpArgs args{.seed = part.at("seed").get<std::int64_t>(),
                                  .seed2 = part.at("seed2").get<std::int64_t>(),
                                  .dtype = value.dtype()};
  play.compare(output, op::execute(op::kRandomShuffle, {value}, args), output);
}

// ---- python_generator ----

// The absolute value of a decimal number in 32-bit words, the least significant one first.
std::vector<std::uint32_t> magnitude_of(std::string_view decimal) {
  std::vector<std::uint32_t> words;
  for (const char digit : decimal.substr(decimal.starts_with('-') ? 1 : 0)) {
    std::uint64_t carry = static_cast<std::uint64_t>(digit - '0');
    for (std::uint32_t& word : words) {
      carry += std::uint64_t{word} * 10;
      word = static_cast<std::uint32_t>(carry);
      carry >>= 32U;
    }
    if (carry != 0) {
      words.push_back(static_cast<std::uint32_t>(carry));
    }
  }
  return words;
}

void play_python_entry(const json& entry, const RandomPlay& play) {
  constexpr const char* kEager = "eager_op_seeds_randint_0_2147483647";
  constexpr const char* kKeras = "keras_seeds_randint_1_1000000000";
  expect_fields(entry, {"seed", "getrandbits32", kEager, kKeras});
  const auto seed = entry.at("seed").get<std::string>();
  const auto compare = [&](const char* field, auto&& draw) {
    random::PythonGenerator generator{std::span<const std::uint32_t>(magnitude_of(seed))};
    const auto want = entry.at(field).get<std::vector<std::int64_t>>();
    std::vector<std::int64_t> got;
    while (got.size() < want.size()) {
      got.push_back(draw(generator));
    }
    play.compare_values(text("seed ", seed, " ", field), got, want);
  };
  compare("getrandbits32", [](random::PythonGenerator& generator) {
    return static_cast<std::int64_t>(generator.getrandbits(32));
  });
  compare(kEager,
          [](random::PythonGenerator& generator) { return generator.randint(0, 2147483647); });
  compare(kKeras,
          [](random::PythonGenerator& generator) { return generator.randint(1, 1000000000); });
}

// ---- eager_sequences ----

using MaybeSeed = std::optional<std::int64_t>;

MaybeSeed maybe(const json& value) {
  return value.is_null() ? MaybeSeed() : MaybeSeed(value.get<std::int64_t>());
}

std::vector<std::int64_t> pair_of(const random::OpSeeds& seeds) {
  return {seeds.seed, seeds.seed2};
}

void play_seed_row(const json& row, const RandomPlay& play) {
  expect_fields(row, {"graph_seed", "op_seed", "graph_first", "graph_second"},
                {"eager_first", "eager_second"});
  const MaybeSeed global = maybe(row.at("graph_seed"));
  const MaybeSeed op_seed = maybe(row.at("op_seed"));
  const random::RandomStateScope fresh;
  if (global) {
    random::set_seed(*global);
  }
  std::int64_t counted = 0;
  const auto compare = [&](const char* field, const random::OpSeeds& got) {
    if (row.contains(field)) {
      play.compare_values(text("get_seed ", row.dump(), " ", field), pair_of(got), row.at(field));
    }
  };
  for (const char* field : {"graph_first", "graph_second"}) {
    compare(field, random::combine_seeds(global, op_seed, [&] { return counted++; }));
  }
  for (const char* field : {"eager_first", "eager_second"}) {
    compare(field, random::get_seed(op_seed));
  }
}

// A graph in which nothing is set: no seeds at all.
void play_nothing_set(const json& pair, const RandomPlay& play) {
  if (pair != json::array({nullptr, nullptr})) {
    throw std::runtime_error("get_seed_nothing_set_graph: unknown value " + pair.dump());
  }
  const auto none = random::combine_seeds({}, {}, [] { return std::int64_t{1}; });
  play.compare_values("get_seed with nothing set", pair_of(none), {0, 0});
}

void play_sequence(const json& sequence, const RandomPlay& play) {
  expect_fields(sequence, {"set_seed", "steps"});
  const random::RandomStateScope fresh;
  random::set_seed(sequence.at("set_seed").get<std::int64_t>());
  for (const json& step : sequence.at("steps")) {
    for (const std::string& difference : play_random_step(step, play.arrays)) {
      play.add(difference);
    }
  }
}

// ---- graph_mode: functions ----

// One call of an op, of whose seeds the second is `counted` if it was given no seed of its own.
Tensor call_op(const json& op, const Shape& shape, std::int64_t& counted) {
  expect_fields(op, {"type", "seed", "seed2"});
  MaybeSeed op_seed = op.at("seed2").get<std::int64_t>();
  if (*op_seed == counted) {
    op_seed.reset();
    ++counted;
  }
  const auto type = op.at("type").get<std::string>();
  if (type == "RandomStandardNormal") {
    return random::normal(shape, {.seed = op_seed});
  }
  if (type == "RandomUniform") {
    return random::uniform(shape, {.seed = op_seed});
  }
  throw std::runtime_error("unknown op '" + type + "' of a function");
}

// Makes a function of as many of the ops as the first call has outputs, and calls it.
void play_function(const json& ops, const json& calls, const RandomPlay& play) {
  const auto f = function([&] {
    std::vector<Tensor> outputs;
    std::int64_t counted = 0;
    for (std::size_t i = 0; i < calls.at(0).size(); ++i) {
      const Tensor& like = play.arrays.at(calls.at(0).at(i).get<std::string>());
      outputs.push_back(call_op(ops.at(i), like.shape(), counted));
    }
    return outputs;
  });
  for (const json& call : calls) {
    const std::vector<Tensor> outputs = f();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto name = call.at(i).get<std::string>();
      play.compare(name, outputs[i], name);
    }
  }
}

void play_functions(const json& part, const RandomPlay& play) {
  expect_fields(part, {"set_seed", "ops", "calls", "other_function_calls", "eager_after"});
  const random::RandomStateScope fresh;
  random::set_seed(part.at("set_seed").get<std::int64_t>());
  play_function(part.at("ops"), part.at("calls"), play);
  play_function(part.at("ops"), part.at("other_function_calls"), play);
  for (json step : part.at("eager_after")) {
    expect_fields(step, {"call", "output", "ops"});
    if (step.at("call") != "random.normal([3])") {
      throw std::runtime_error("unknown call " + step.dump());
    }
    step["do"] = {{"op", "random.normal"}, {"shape", {3}}};
    for (const std::string& difference : play_random_step(step, play.arrays)) {
      play.add(difference);
    }
  }
}

// ---- the parts of a case, by field ----

using Player = void (*)(const json&, const RandomPlay&);

struct Part {
  Player player;
  bool list = false;  // of entries that are played one by one
};

const std::map<std::string, Part, std::less<>>& parts_of(const std::string& name) {
  static const std::map<std::string, std::map<std::string, Part, std::less<>>, std::less<>> cases{
      {"random/raw_kernels",
       {{"entries", {play_raw_entry, true}},
        {"one_kernel_many_shapes", {play_shared_kernel}},
        {"large", {play_large}},
        {"shuffle", {play_raw_shuffle, true}}}},
      {"random/stateless",
       {{"entries", {play_stateless_entry, true}},
        {"fold_in", {play_fold_in, true}},
        {"split", {play_split}},
        {"generators", {play_generator, true}}}},
      {"random/initializers",
       {{"entries", {play_initializer_entry, true}}, {"seed", {play_initializer_seed}}}},
      {"random/python_generator", {{"entries", {play_python_entry, true}}}},
      {"random/eager_sequences",
       {{"sequences", {play_sequence, true}},
        {"get_seed_table", {play_seed_row, true}},
        {"get_seed_nothing_set_graph", {play_nothing_set}}}},
      {"random/graph_mode", {{"tf_function", {play_functions}}}},
  };
  const auto found = cases.find(name);
  if (found == cases.end()) {
    throw std::runtime_error("there is no reader for '" + name + "'");
  }
  return found->second;
}

void play_part(const std::string& field, const json& value, const Part& part,
               const RandomPlay& play) {
  if (!part.list) {
    part.player(value, play);
    return;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    try {
      part.player(value[i], play);
    } catch (const std::exception& error) {
      play.add(text(field, "[", i, "]: ", error.what()));
    }
  }
}

Differences play_case(const json& golden, const GoldenArrays& arrays) {
  Differences differences;
  const RandomPlay play{arrays, differences};
  const auto& parts = parts_of(golden.at("case").get<std::string>());
  for (const auto& [field, value] : golden.items()) {
    const auto part = parts.find(field);
    if (part != parts.end()) {
      play_part(field, value, part->second, play);
    } else if (!is_description(field)) {
      differences.push_back("unknown field '" + field + "'");
    }
  }
  return differences;
}

bool has_part(const json& golden) {
  for (const auto& [field, part] : parts_of(golden.at("case").get<std::string>())) {
    if (golden.contains(field)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<GoldenTest> read_random(const GoldenFile& file, const json& contents) {
  if (!has_part(contents)) {
    return {};
  }
  const auto play = [folder = file.folder, contents] {
    const bool has_arrays = !contents.at("tensors").empty();
    return play_case(
        contents, has_arrays ? GoldenArrays::read(folder + "/arrays.safetensors") : GoldenArrays());
  };
  return {{file.kind, file.name, play}};
}

}  // namespace keen::test
