#include "tests/support/random_stateless_reader.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/random_generator.h"
#include "kernels/stateless_random.h"
#include "runtime/op/execute.h"

namespace keen::test {
namespace {

using nlohmann::json;

random::StatelessSeed seed_of(const json& seed) {
  return Tensor::from_vector(seed.get<std::vector<std::int64_t>>());
}

std::vector<std::string> unsigned_texts(const Tensor& words) {
  std::vector<std::string> texts;
  for (const std::int64_t word : words.to_vector<std::int64_t>()) {
    texts.push_back(std::to_string(static_cast<std::uint64_t>(word)));
  }
  return texts;
}

}  // namespace

void play_stateless_entry(const json& entry, const RandomPlay& play) {
  expect_fields(entry, {"seed", "shape", "key", "counter", "uniform", "normal", "truncated_normal",
                        "uniform_int32_0_100"});
  const random::StatelessSeed seed = seed_of(entry.at("seed"));
  const Shape shape = shape_of(entry.at("shape"));
  const op::Outputs start = op::execute(op::kStatelessRandomGetKeyCounter, {seed.tensor()});
  play.compare_values("key", unsigned_texts(start[0]), json::array({entry.at("key")}));
  play.compare_values("counter", unsigned_texts(start[1]), entry.at("counter"));
  const auto compare = [&](const char* field, const Tensor& got) {
    const auto name = entry.at(field).get<std::string>();
    play.compare(name, got, name);
  };
  compare("uniform", random::stateless_uniform(shape, seed));
  compare("normal", random::stateless_normal(shape, seed));
  compare("truncated_normal", random::stateless_truncated_normal(shape, seed));
  compare("uniform_int32_0_100",
          random::stateless_uniform(shape, seed, {.maxval = 100, .dtype = int32}));
}

void play_fold_in(const json& entry, const RandomPlay& play) {
  expect_fields(entry, {"seed", "data", "result"});
  const Tensor data = Tensor::scalar(entry.at("data").get<std::int32_t>());
  play.compare_values("fold_in",
                      random::fold_in(seed_of(entry.at("seed")), data).to_vector<std::int32_t>(),
                      entry.at("result"));
}

void play_split(const json& part, const RandomPlay& play) {
  expect_fields(part, {"seed", "num", "result"});
  std::vector<std::int64_t> want;
  for (const json& row : part.at("result")) {
    for (const json& number : row) {
      want.push_back(number.get<std::int64_t>());
    }
  }
  const auto num = part.at("num").get<std::int64_t>();
  const Tensor got = random::split(seed_of(part.at("seed")), num);
  play.add(exact_difference("split", got, Tensor::from_vector(want, Shape{num, 2})));
}

void play_generator(const json& part, const RandomPlay& play) {
  expect_fields(part, {"from_seed", "algorithm", "calls"});
  const auto generator =
      random::Generator::from_seed(part.at("from_seed").get<std::int64_t>(),
                                   static_cast<random::Algorithm>(part.at("algorithm").get<int>()));
  for (const json& call : part.at("calls")) {
    expect_fields(call, {"kind", "shape", "state_before", "state_after", "output"});
    const auto output = call.at("output").get<std::string>();
    const auto compare_state = [&](const char* field) {
      play.compare_values(output + " " + field, unsigned_texts(generator.state().value()),
                          call.at(field));
    };
    compare_state("state_before");
    const auto kind = call.at("kind").get<std::string>();
    const Shape shape = shape_of(call.at("shape"));
    if (kind == "normal") {
      play.compare(output, generator.normal(shape), output);
    } else if (kind == "uniform") {
      play.compare(output, generator.uniform(shape), output);
    } else if (kind == "truncated_normal") {
      play.compare(output, generator.truncated_normal(shape), output);
    } else {
      throw std::runtime_error("unknown kind '" + kind + "' of generator call");
    }
    compare_state("state_after");
  }
}

}  // namespace keen::test
