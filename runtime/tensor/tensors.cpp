#include "runtime/tensor/tensors.h"

#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace keen {

const Tensor& Tensors::tensor() const {
  if (!is_tensor()) throw TypeError(text("Tensors: ", structure(), " is not a single tensor"));
  return std::get<Tensor>(value_);
}

const Tensors::List& Tensors::list() const {
  if (!is_list()) throw TypeError(text("Tensors: ", structure(), " is not a list"));
  return std::get<List>(value_);
}

const Tensors::Map& Tensors::map() const {
  if (!is_map()) throw TypeError(text("Tensors: ", structure(), " is not a map"));
  return std::get<Map>(value_);
}

std::size_t Tensors::size() const {
  if (is_list()) return std::get<List>(value_).size();
  return is_map() ? std::get<Map>(value_).size() : 1;
}

const Tensors& Tensors::operator[](std::size_t i) const {
  const List& items = list();
  if (i >= items.size()) {
    throw IndexError(text("Tensors: index ", i, " is out of range for ", structure()));
  }
  return items[i];
}

const Tensors& Tensors::operator[](const std::string& name) const {
  const Map& items = map();
  const auto found = items.find(name);
  if (found == items.end()) throw KeyError(text("Tensors: no '", name, "' in ", structure()));
  return found->second;
}

std::vector<Tensor> Tensors::flatten() const {
  std::vector<Tensor> out;
  flatten_into(out);
  return out;
}

void Tensors::flatten_into(std::vector<Tensor>& out) const {
  if (is_tensor()) {
    out.push_back(std::get<Tensor>(value_));
  } else if (is_list()) {
    for (const Tensors& item : std::get<List>(value_)) item.flatten_into(out);
  } else {
    for (const auto& [name, item] : std::get<Map>(value_)) item.flatten_into(out);
  }
}

Tensors Tensors::pack(std::span<const Tensor> flat) const {
  std::span<const Tensor> rest = flat;
  Tensors packed = pack_from(rest);
  if (!rest.empty()) {
    throw ValueError(text("Tensors: ", flat.size(), " tensors are too many for ", structure()));
  }
  return packed;
}

Tensors Tensors::pack_from(std::span<const Tensor>& flat) const {
  if (is_list()) {
    List items;
    for (const Tensors& item : std::get<List>(value_)) items.push_back(item.pack_from(flat));
    return items;
  }
  if (is_map()) {
    Map items;
    for (const auto& [name, item] : std::get<Map>(value_))
      items.emplace(name, item.pack_from(flat));
    return items;
  }
  if (flat.empty()) throw ValueError(text("Tensors: too few tensors for ", structure()));
  const Tensor first = flat.front();
  flat = flat.subspan(1);
  return first;
}

std::string Tensors::structure() const {
  if (is_tensor()) return "*";
  std::string out = is_list() ? "[" : "{";
  if (is_list()) {
    for (const Tensors& item : std::get<List>(value_)) {
      if (out.size() > 1) out += ", ";
      out += item.structure();
    }
    return out + "]";
  }
  for (const auto& [name, item] : std::get<Map>(value_)) {
    if (out.size() > 1) out += ", ";
    out += text(name, ": ", item.structure());
  }
  return out + "}";
}

}  // namespace keen
