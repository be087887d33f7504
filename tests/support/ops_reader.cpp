#include "tests/support/ops_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "runtime/base/text.h"
#include "runtime/op/core_ops.h"
#include "tests/support/golden_arrays.h"
#include "tests/support/op_case.h"
#include "tests/support/op_table.h"

namespace keen::test {
namespace {

using nlohmann::json;

std::string test_name(std::size_t index, const std::string& op) {
  std::string name = (index < 10 ? "0" : "") + std::to_string(index) + "_" + op;
  for (char& c : name) {
    if (c == '.' || c == ' ') c = '_';
  }
  return name;
}

// What remains of TensorFlow's text without the parts that say where the op ran.
std::string core_of(std::string message) {
  if (message.starts_with("{{")) message = message.substr(message.find("}} ") + 3);
  for (const char* tail : {" name: ", "]"}) {
    if (message.ends_with(tail)) message.resize(message.size() - std::string(tail).size());
  }
  return message.substr(0, message.find(" [Op:"));
}

std::vector<Tensor> tensors_of(const json& keys, const GoldenArrays& arrays) {
  std::vector<Tensor> result;
  for (const json& key : keys) {
    result.push_back(key.is_null() ? Tensor() : arrays.at(key.get<std::string>()));
  }
  return result;
}

// TensorFlow reads numbers below the smallest normal one as zero in many kernels.
Tensor without_denormals(const Tensor& tensor) {
  if (tensor.dtype() != DType::kFloat32) return tensor;
  std::vector<float> values = tensor.to_vector<float>();
  for (float& value : values) {
    if (std::fpclassify(value) == FP_SUBNORMAL) value = std::copysign(0.0F, value);
  }
  return Tensor::from_vector(values, tensor.shape());
}

OpCase failing_case(const json& entry) {
  check_fields("error", entry.at("error"), {"type", "message", "definition_traceback"});
  const auto op = entry.at("op").get<std::string>();
  const FailingCall call = find_failing_call(op, entry.value("note", ""));
  if (call == nullptr) throw std::runtime_error("no call is known that fails as '" + op + "' does");
  return {.call = [call] { return call(); },
          .error = {entry.at("error").at("type").get<std::string>(),
                    core_of(entry.at("error").at("message").get<std::string>())}};
}

OpCase case_of(const json& entry, const GoldenArrays& arrays) {
  check_fields("entry", entry,
               {"op", "attrs", "inputs", "outputs", "cotangents", "grads", "note", "error"});
  if (entry.contains("error")) return failing_case(entry);
  const auto op_name = entry.at("op").get<std::string>();
  const OpEntry* op = find_op(op_name);
  if (op == nullptr) throw std::runtime_error("the reader does not know the op '" + op_name + "'");
  OpCase result{.tolerance = op->tolerance,
                .gradient = GradientCheck::kNone,
                .gradient_tolerance = op->gradient_tolerance};
  std::vector<std::string> names;
  const json grads = entry.value("grads", json::object());
  for (const auto& [name, key] : entry.at("inputs").items()) {
    names.push_back(name);
    result.inputs.push_back(without_denormals(arrays.at(key.get<std::string>())));
    if (entry.contains("cotangents")) {
      if (!grads.contains(name)) {
        result.gradients.emplace_back(std::nullopt);
      } else {
        result.gradients.emplace_back(tensors_of(json::array({grads.at(name)}), arrays)[0]);
      }
    }
  }
  result.outputs = tensors_of(entry.at("outputs"), arrays);
  result.cotangents = tensors_of(entry.value("cotangents", json::array()), arrays);
  result.call = [op, names, attrs = entry.at("attrs")](const std::vector<Tensor>& inputs) {
    const OpArguments arguments(attrs, names, inputs);
    std::vector<Tensor> outputs = op->call(arguments);
    arguments.check_all_used();
    return outputs;
  };
  return result;
}

}  // namespace

std::vector<GoldenTest> read_ops(const GoldenFile& file, const json& contents) {
  check_fields(file.name, contents,
               {"format", "case", "title", "tensorflow", "entries", "vjp", "tensors"});
  std::vector<GoldenTest> tests;
  for (std::size_t i = 0; i < contents.at("entries").size(); ++i) {
    const json entry = contents.at("entries")[i];
    const std::string arrays = file.folder + "/arrays.safetensors";
    tests.push_back(
        {"ops." + file.name, test_name(i, entry.at("op").get<std::string>()), [entry, arrays] {
           return play(case_of(entry, GoldenArrays::read(arrays)), op::default_device());
         }});
  }
  return tests;
}

}  // namespace keen::test
