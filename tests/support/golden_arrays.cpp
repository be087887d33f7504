#include "tests/support/golden_arrays.h"

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <vector>

#include "runtime/base/text.h"

namespace keen::test {
namespace {

using nlohmann::json;

DType dtype_of(const std::string& name) {
  static const std::map<std::string, DType> types{
      {"F64", DType::kFloat64},   {"F32", DType::kFloat32}, {"F16", DType::kFloat16},
      {"BF16", DType::kBFloat16}, {"I64", DType::kInt64},   {"I32", DType::kInt32},
      {"I16", DType::kInt16},     {"I8", DType::kInt8},     {"U8", DType::kUInt8},
      {"BOOL", DType::kBool}};
  const auto found = types.find(name);
  if (found == types.end()) {
    throw std::runtime_error("no element type for '" + name + "'");
  }
  return found->second;
}

// One entry of the header over the bytes that follow it.
Tensor tensor_of(const json& entry, const std::string& bytes) {
  const Shape shape(entry.at("shape").get<std::vector<std::int64_t>>());
  const TensorSpec spec{dtype_of(entry.at("dtype").get<std::string>()), shape};
  const auto offsets = entry.at("data_offsets").get<std::vector<std::size_t>>();
  const bool fits = offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= bytes.size() &&
                    offsets[1] - offsets[0] == static_cast<std::size_t>(spec.bytes());
  if (!fits) {
    throw std::runtime_error("the offsets do not fit the shape or the file");
  }
  return Tensor::from_bytes(bytes.data() + offsets[0], shape.num_elements(), spec);
}

}  // namespace

GoldenArrays GoldenArrays::read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string contents{std::istreambuf_iterator<char>(file),
                             std::istreambuf_iterator<char>()};
  std::uint64_t header_size = 0;
  if (!file || contents.size() < sizeof(header_size)) {
    throw std::runtime_error(path + ": cannot be read, or too short");
  }
  std::memcpy(&header_size, contents.data(), sizeof(header_size));
  if (header_size > contents.size() - sizeof(header_size)) {
    throw std::runtime_error(path + ": the header is cut");
  }
  const json header = json::parse(contents.substr(sizeof(header_size), header_size));
  const std::string bytes = contents.substr(sizeof(header_size) + header_size);
  GoldenArrays arrays;
  for (const auto& [name, entry] : header.items()) {
    try {
      arrays.tensors_[name] = tensor_of(entry, bytes);
    } catch (const std::exception& error) {
      throw std::runtime_error(text(path, ": '", name, "': ", error.what()));
    }
  }
  return arrays;
}

const Tensor& GoldenArrays::at(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw std::runtime_error("no tensor '" + name + "' in the case's arrays");
  }
  return found->second;
}

}  // namespace keen::test
