// Registers as typed values, and the shape of most handlers.
#pragma once
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "tests/sim/ptx/form.h"
#include "tests/sim/ptx/warp.h"

namespace keen::sim::ptx {

template <class T>
inline T get(Word word) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(word));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(word);
  } else if constexpr (std::is_same_v<T, bool>) {
    return (word & 1) != 0;
  } else {
    return static_cast<T>(word);
  }
}

template <class T>
inline Word put(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<std::uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<Word>(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? 1 : 0;
  } else {
    return static_cast<Word>(static_cast<std::make_unsigned_t<T>>(value));
  }
}

// ---- Handlers: r[0] is the destination, r[1], r[2], r[3] the sources; F is a stateless functor.
template <class In, class F>
void unary(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  each_lane(lanes, [&](int l) { d[l] = put(F{}(get<In>(a[l]))); });
}

template <class In, class F>
void binary(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = warp.reg(i.r[2]);
  each_lane(lanes, [&](int l) { d[l] = put(F{}(get<In>(a[l]), get<In>(b[l]))); });
}

template <class In, class F>
void ternary(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = warp.reg(i.r[2]);
  const Word* c = warp.reg(i.r[3]);
  each_lane(lanes, [&](int l) { d[l] = put(F{}(get<In>(a[l]), get<In>(b[l]), get<In>(c[l]))); });
}

// Reads the registers of a form with a plain destination and `sources` plain sources.
inline void take_registers(const Form& form, Instruction& instruction, std::size_t sources) {
  form.finish(sources + 1);
  for (std::size_t i = 0; i <= sources; ++i) instruction.r[i] = form.reg(i);
}

// The handler for a type among integers; throws for others.
template <template <class> class Choose>
Handler for_integer(const Form& form, Type type) {
  switch (type) {
    case Type::kB16:
    case Type::kU16:
      return Choose<std::uint16_t>::handler();
    case Type::kB32:
    case Type::kU32:
      return Choose<std::uint32_t>::handler();
    case Type::kB64:
    case Type::kU64:
      return Choose<std::uint64_t>::handler();
    case Type::kS16:
      return Choose<std::int16_t>::handler();
    case Type::kS32:
      return Choose<std::int32_t>::handler();
    case Type::kS64:
      return Choose<std::int64_t>::handler();
    default:
      form.refuse("this type is not supported");
  }
}

}  // namespace keen::sim::ptx
