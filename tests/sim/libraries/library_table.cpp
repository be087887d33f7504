#include "tests/sim/libraries/library_table.h"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "tests/sim/core/settings.h"

namespace keen::sim {
namespace {

using Json = nlohmann::json;
// All that tells one question from another, in a fixed order.
using Key = std::vector<long>;

struct Table {
  std::map<Key, ConvolutionAnswer> convolutions;
  std::map<Key, MatmulAnswer> matmuls;
};

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error(what); }

[[noreturn]] void refuse(const char* key, const std::string& what) {
  std::string text = "'";
  text += key;
  text += "' ";
  throw std::runtime_error(text += what);
}

// ---- Values of a line, or an error that names the key ----

const Json& value(const Json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end()) refuse(key, "is missing");
  return *found;
}

long as_integer(const Json& json, const char* key, long lowest) {
  if (!json.is_number_integer() || json.get<long>() < lowest) {
    refuse(key,
           "must be a whole number of at least " + std::to_string(lowest) + ", is " + json.dump());
  }
  return json.get<long>();
}

long integer(const Json& line, const char* key, long lowest) {
  return as_integer(value(line, key), key, lowest);
}

bool boolean(const Json& line, const char* key) {
  const Json& json = value(line, key);
  if (!json.is_boolean()) refuse(key, "must be true or false");
  return json.get<bool>();
}

std::vector<long> integers(const Json& line, const char* key, long lowest) {
  const Json& json = value(line, key);
  if (!json.is_array()) refuse(key, "must be a list");
  std::vector<long> read;
  for (const Json& each : json) read.push_back(as_integer(each, key, lowest));
  return read;
}

void add_integers(const Json& line, const char* key, std::size_t count, long lowest, Key* to) {
  const std::vector<long> read = integers(line, key, lowest);
  if (read.size() != count) {
    refuse(key, "must hold " + std::to_string(count) + " numbers");
  }
  to->insert(to->end(), read.begin(), read.end());
}

template <class T, std::size_t kCount>
T named(const Json& line, const char* key, const Named<T> (&names)[kCount]) {
  const Json& json = value(line, key);
  const T* found = json.is_string() ? value_of(names, json.get<std::string>()) : nullptr;
  if (found != nullptr) return *found;
  std::string all;
  for (const Named<T>& each : names) (all += ' ') += each.name;
  refuse(key, "must be one of" + all + ", is " + json.dump());
}

template <class Status>
Status status(const Json& line, const char* key) {
  return static_cast<Status>(integer(line, key, 0));
}

// Of a call that was not made: `otherwise`.
template <class Status>
Status status_or(const Json& line, const char* key, Status otherwise) {
  return value(line, key).is_null() ? otherwise : status<Status>(line, key);
}

// ---- Lines ----

void read_listed(const Json& line, AlgorithmFacts* facts) {
  const Json& listed = value(line, "listed");
  facts->listed = !listed.is_null();
  if (!facts->listed) return;
  if (!listed.is_object()) refuse("listed", "must be an object or null");
  facts->place = static_cast<int>(integer(listed, "place", 0));
  facts->listed_bytes = static_cast<std::size_t>(integer(listed, "bytes", 0));
  facts->deterministic = boolean(listed, "deterministic");
  facts->listed_math = named(listed, "math", kMathNames);
}

void read_convolution_line(const Json& line, Table* table) {
  Key key;
  key.push_back(static_cast<long>(named(line, "direction", kDirectionNames)));
  key.push_back(integer(line, "algorithm", 0));
  key.push_back(static_cast<long>(named(line, "layout", kLayoutNames)));
  key.push_back(static_cast<long>(named(line, "type", kTypeNames)));
  key.push_back(static_cast<long>(named(line, "compute", kTypeNames)));
  key.push_back(static_cast<long>(named(line, "math", kMathNames)));
  for (const char* tensor : {"x", "w", "y"}) add_integers(line, tensor, 4, 1, &key);
  add_integers(line, "pad", 2, 0, &key);
  add_integers(line, "stride", 2, 1, &key);
  add_integers(line, "dilation", 2, 1, &key);
  key.push_back(integer(line, "groups", 1));

  ConvolutionAnswer answer{};
  answer.facts.query = status<cudnnStatus_t>(line, "workspace_status");
  answer.facts.run = status_or(line, "run_status", answer.facts.query);
  answer.facts.workspace_bytes = static_cast<std::size_t>(integer(line, "workspace_bytes", 0));
  answer.heuristics = status<cudnnStatus_t>(line, "heuristics_status");
  if (const auto bias = line.find("bias_status"); bias != line.end() && !bias->is_null()) {
    answer.facts.bias_run = status<cudnnStatus_t>(line, "bias_status");
  }
  read_listed(line, &answer.facts);
  table->convolutions.insert_or_assign(std::move(key), answer);
}

Key key_of(const MatmulQuestion& q) {
  return {q.m,
          q.n,
          q.k,
          q.transposes_a ? 1 : 0,
          q.transposes_b ? 1 : 0,
          static_cast<long>(q.type),
          static_cast<long>(q.compute),
          static_cast<long>(q.epilogue),
          q.batch,
          q.alignment,
          q.reductions};
}

void read_matmul_line(const Json& line, Table* table) {
  const MatmulQuestion question{.m = integer(line, "m", 1),
                                .n = integer(line, "n", 1),
                                .k = integer(line, "k", 1),
                                .transposes_a = boolean(line, "transposes_a"),
                                .transposes_b = boolean(line, "transposes_b"),
                                .type = named(line, "type", kBlasTypeNames),
                                .compute = named(line, "compute", kComputeNames),
                                .epilogue = named(line, "epilogue", kEpilogueNames),
                                .batch = integer(line, "batch", 1),
                                .alignment = integer(line, "alignment", 1),
                                .reductions = integer(line, "reductions", 0)};
  MatmulAnswer answer;
  answer.heuristics = status<cublasStatus_t>(line, "heuristics_status");
  for (const long bytes : integers(line, "workspace_bytes", 0)) {
    answer.workspace_bytes.push_back(static_cast<std::size_t>(bytes));
  }
  answer.run = status_or(line, "run_status", CUBLAS_STATUS_SUCCESS);
  table->matmuls.insert_or_assign(key_of(question), std::move(answer));
}

void read_line(const std::string& text, bool first, Table* table) {
  const Json line = Json::parse(text);
  if (!line.is_object()) refuse("it is no object");
  const Json& json = value(line, "kind");
  const std::string kind = json.is_string() ? json.get<std::string>() : json.dump();
  if (first && kind != "versions") refuse("the table does not begin with versions");
  if (kind == "convolution") {
    read_convolution_line(line, table);
  } else if (kind == "matmul") {
    read_matmul_line(line, table);
  } else if (kind != "versions" && kind != "end") {
    refuse("kind " + kind + " is not known");
  }
}

Table read_table(const std::string& path) {
  constexpr const char* kSetting = "CUDASIM_LIBRARY_TABLE";
  Table table;
  if (path.empty()) return table;
  std::ifstream in(path);
  if (!in) refuse_setting(kSetting, path.c_str(), "the file cannot be read");
  long number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    try {
      read_line(text, number == 1, &table);
    } catch (const std::exception& error) {
      const std::string what = "line " + std::to_string(number) + ": " + error.what();
      refuse_setting(kSetting, path.c_str(), what.c_str());
    }
  }
  if (in.bad() || number == 0) refuse_setting(kSetting, path.c_str(), "no line can be read");
  return table;
}

const Table& table() {
  static const auto* kTable = new Table(read_table(settings().library_table));
  return *kTable;
}

__attribute__((constructor)) void read_at_start() { static_cast<void>(table()); }

// Whether `tensor` is packed just as a descriptor of that layout is.
bool has_layout(const Tensor& tensor, cudnnTensorFormat_t layout) {
  const auto [n, c, h, w] = tensor.sizes;
  const std::array<long, 4> strides = layout == CUDNN_TENSOR_NHWC
                                          ? std::array<long, 4>{c * h * w, 1, w * c, c}
                                          : std::array<long, 4>{c * h * w, h * w, w, 1};
  return tensor.strides == strides;
}

}  // namespace

const ConvolutionAnswer* find_answer(Direction direction, int algorithm, const Convolution& conv) {
  const auto& answers = table().convolutions;
  if (answers.empty()) return nullptr;
  const auto& s = conv.settings;
  for (const auto& layout : kLayoutNames) {
    Key key = {static_cast<long>(direction),    algorithm,
               static_cast<long>(layout.value), static_cast<long>(dnn_type(conv.x.type)),
               static_cast<long>(s.compute),    static_cast<long>(s.math)};
    bool all = true;
    for (const Tensor* tensor : {&conv.x, &conv.w, &conv.y}) {
      all = all && has_layout(*tensor, layout.value);
      key.insert(key.end(), tensor->sizes.begin(), tensor->sizes.end());
    }
    if (!all) continue;
    key.insert(key.end(),
               {s.pad_h, s.pad_w, s.stride_h, s.stride_w, s.dilation_h, s.dilation_w, s.groups});
    if (const auto found = answers.find(key); found != answers.end()) return &found->second;
  }
  return nullptr;
}

const MatmulAnswer* find_answer(const MatmulQuestion& question) {
  const auto found = table().matmuls.find(key_of(question));
  return found == table().matmuls.end() ? nullptr : &found->second;
}

}  // namespace keen::sim
