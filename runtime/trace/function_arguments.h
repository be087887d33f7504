// How arguments and results of functions become signatures, lists of tensors and back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/tensor/tensor.h"
#include "runtime/tensor/tensors.h"
#include "runtime/tensor/variable.h"

namespace keen::trace {

// What a call looks like to the cache: its tensors, and a text of everything else.
struct Signature {
  std::vector<Tensor> tensors;
  std::string others;
};

// ---- Arguments ----

inline void add_argument(Signature& signature, const Tensor& tensor) {
  signature.others += tensor.defined() ? 'T' : 'N';
  if (tensor.defined()) signature.tensors.push_back(tensor);
}
inline void add_argument(Signature& signature, const std::vector<Tensor>& tensors) {
  signature.others += "[";
  for (const Tensor& tensor : tensors) add_argument(signature, tensor);
  signature.others += "]";
}
inline void add_argument(Signature& signature, const Tensors& tensors) {
  signature.others += tensors.structure();
  for (const Tensor& tensor : tensors.flatten()) add_argument(signature, tensor);
}
inline void add_argument(Signature& signature, const Variable& variable) {
  signature.others += 'V' + std::to_string(variable.id());
}
inline void add_argument(Signature& signature, const std::string& value) {
  signature.others += 'S' + std::to_string(value.size()) + ':' + value;
}
template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void add_argument(Signature& signature, const T& value) {
  signature.others += 'v';
  signature.others.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
void add_argument(Signature& signature, const std::optional<T>& value) {
  signature.others += value ? '?' : '-';
  if (value) add_argument(signature, *value);
}
template <class T>
void add_argument(Signature& signature, T* const& object) {
  const void* address = object;
  signature.others += 'P';
  signature.others.append(reinterpret_cast<const char*>(&address), sizeof address);
}
// Any other object, given by reference: its identity.
template <class T>
requires(std::is_class_v<T> &&
         !std::is_base_of_v<Tensor, T>) void add_argument(Signature& signature, const T& object) {
  add_argument(signature, &object);
}

// Hands out the symbolic tensors in the order in which add_argument took the real ones.
class ArgumentReader {
 public:
  explicit ArgumentReader(std::span<const Tensor> tensors) : tensors_(tensors) {}
  [[nodiscard]] Tensor next() { return tensors_[at_++]; }

 private:
  std::span<const Tensor> tensors_;
  std::size_t at_ = 0;
};

inline Tensor symbolic(ArgumentReader& reader, const Tensor& tensor) {
  return tensor.defined() ? reader.next() : Tensor();
}
inline std::vector<Tensor> symbolic(ArgumentReader& reader, const std::vector<Tensor>& tensors) {
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors) result.push_back(symbolic(reader, tensor));
  return result;
}
inline Tensors symbolic(ArgumentReader& reader, const Tensors& tensors) {
  std::vector<Tensor> flat = tensors.flatten();
  for (Tensor& tensor : flat) tensor = symbolic(reader, tensor);
  return tensors.pack(flat);
}

template <class T>
concept HoldsTensors = std::is_same_v<T, Tensor> || std::is_same_v<T, std::vector<Tensor>> ||
    std::is_same_v<T, Tensors>;

// How an argument is kept for the call of the function: tensors by value, for they are replaced by
// symbolic ones; other references as they are.
template <class Argument>
using Stored = std::conditional_t<!HoldsTensors<std::remove_cvref_t<Argument>> &&
                                      std::is_lvalue_reference_v<Argument>,
                                  Argument, std::remove_cvref_t<Argument>>;

template <class Argument>
Stored<Argument> read_argument(ArgumentReader& reader,
                               std::remove_reference_t<Argument>& argument) {
  if constexpr (HoldsTensors<std::remove_cvref_t<Argument>>) {
    static_assert(
        std::is_const_v<std::remove_reference_t<Argument>> || !std::is_reference_v<Argument>,
        "a function takes tensors by value or by const reference");
    return symbolic(reader, argument);
  } else {
    return argument;
  }
}

// ---- Results ----

template <class... Items>
Tensors to_tensors(const std::tuple<Items...>& items) {
  return std::apply([](const auto&... each) { return Tensors::List{Tensors(each)...}; }, items);
}
template <class A, class B>
Tensors to_tensors(const std::pair<A, B>& items) {
  return Tensors::List{Tensors(items.first), Tensors(items.second)};
}
inline Tensors to_tensors(const Tensors& items) { return items; }
inline Tensors to_tensors(const Tensor& item) { return item; }
inline Tensors to_tensors(const std::vector<Tensor>& items) { return items; }

template <class Result>
struct FromTensors {
  static Result convert(const Tensors& tensors) {
    if constexpr (std::is_same_v<Result, Tensor>) {
      return tensors.tensor();
    } else if constexpr (std::is_same_v<Result, std::vector<Tensor>>) {
      return tensors.flatten();
    } else {
      static_assert(std::is_same_v<Result, Tensors>,
                    "a function gives Tensor, Tensors, std::vector<Tensor>, a pair or tuple of "
                    "these, or nothing");
      return tensors;
    }
  }
};
template <class... Items>
struct FromTensors<std::tuple<Items...>> {
  static std::tuple<Items...> convert(const Tensors& tensors) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Items...>(FromTensors<Items>::convert(tensors[I])...);
    }
    (std::index_sequence_for<Items...>{});
  }
};
template <class A, class B>
struct FromTensors<std::pair<A, B>> {
  static std::pair<A, B> convert(const Tensors& tensors) {
    return {FromTensors<A>::convert(tensors[0]), FromTensors<B>::convert(tensors[1])};
  }
};

}  // namespace keen::trace
