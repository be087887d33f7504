// Nested structures of tensors (tf.nest): what layers, functions and data sets with several inputs
// or outputs take and give.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace keen {

// A tensor, a list of structures, or a map from names to structures.
class Tensors {
 public:
  using List = std::vector<Tensors>;
  using Map = std::map<std::string, Tensors>;

  Tensors() : value_(List()) {}
  Tensors(const Tensor& tensor) : value_(tensor) {}                     // NOLINT
  Tensors(List list) : value_(std::move(list)) {}                       // NOLINT
  Tensors(Map map) : value_(std::move(map)) {}                          // NOLINT
  Tensors(std::initializer_list<Tensors> list) : value_(List(list)) {}  // NOLINT
  Tensors(const std::vector<Tensor>& tensors)                           // NOLINT
      : value_(List(tensors.begin(), tensors.end())) {}

  [[nodiscard]] bool is_tensor() const { return std::holds_alternative<Tensor>(value_); }
  [[nodiscard]] bool is_list() const { return std::holds_alternative<List>(value_); }
  [[nodiscard]] bool is_map() const { return std::holds_alternative<Map>(value_); }
  // TypeError unless the structure is of that kind.
  [[nodiscard]] const Tensor& tensor() const;
  [[nodiscard]] const List& list() const;
  [[nodiscard]] const Map& map() const;
  // Number of items of a list or map; 1 for a tensor.
  [[nodiscard]] std::size_t size() const;
  // Item of a list (IndexError) or of a map (KeyError).
  [[nodiscard]] const Tensors& operator[](std::size_t i) const;
  [[nodiscard]] const Tensors& operator[](const std::string& name) const;

  // The tensors in order, maps by their sorted names (tf.nest.flatten).
  [[nodiscard]] std::vector<Tensor> flatten() const;
  // The same structure with other tensors (tf.nest.pack_sequence_as). ValueError for a wrong
  // number.
  [[nodiscard]] Tensors pack(std::span<const Tensor> flat) const;
  // "*", "[*, [*]]", "{a: *}"
  [[nodiscard]] std::string structure() const;

 private:
  void flatten_into(std::vector<Tensor>& out) const;
  [[nodiscard]] Tensors pack_from(std::span<const Tensor>& flat) const;

  std::variant<Tensor, List, Map> value_;
};

}  // namespace keen
