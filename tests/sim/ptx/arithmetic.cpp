// Integer arithmetic (PTX ISA 9.0, 9.7.1 and 9.7.2).
#include <limits>

#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

template <class T>
using Unsigned = std::make_unsigned_t<T>;

__extension__ using Int128 = __int128;
__extension__ using UnsignedInt128 = unsigned __int128;

// Twice as wide, of the same signedness.
template <class T>
struct Wide;
template <>
struct Wide<std::uint16_t> {
  using Result = std::uint32_t;
};
template <>
struct Wide<std::int16_t> {
  using Result = std::int32_t;
};
template <>
struct Wide<std::uint32_t> {
  using Result = std::uint64_t;
};
template <>
struct Wide<std::int32_t> {
  using Result = std::int64_t;
};
template <>
struct Wide<std::uint64_t> {
  using Result = UnsignedInt128;
};
template <>
struct Wide<std::int64_t> {
  using Result = Int128;
};
template <class T>
using WideOf = typename Wide<T>::Result;

struct Add {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Unsigned<T>>(a) + static_cast<Unsigned<T>>(b));
  }
};
struct Subtract {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<Unsigned<T>>(a) - static_cast<Unsigned<T>>(b));
  }
};
struct Minimum {
  template <class T>
  T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};
struct Maximum {
  template <class T>
  T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};
struct Divide {
  template <class T>
  T operator()(T a, T b) const {
    if (b == 0) return static_cast<T>(~T{0});  // "division by zero yields an unspecified value"
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return Subtract{}(T{0}, a);
    return static_cast<T>(a / b);
  }
};
struct Remainder {
  template <class T>
  T operator()(T a, T b) const {
    if (b == 0) return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1)) return 0;
    return static_cast<T>(a % b);
  }
};
struct MultiplyLow {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
  }
};
struct MultiplyHigh {
  template <class T>
  T operator()(T a, T b) const {
    return static_cast<T>((static_cast<WideOf<T>>(a) * static_cast<WideOf<T>>(b)) >>
                          (sizeof(T) * 8));
  }
};
struct MultiplyAddLow {
  template <class T>
  T operator()(T a, T b, T c) const {
    return Add{}(MultiplyLow{}(a, b), c);
  }
};
struct MultiplyAddHigh {
  template <class T>
  T operator()(T a, T b, T c) const {
    return Add{}(MultiplyHigh{}(a, b), c);
  }
};
struct Negate {
  template <class T>
  T operator()(T a) const {
    return Subtract{}(T{0}, a);
  }
};
struct Absolute {
  template <class T>
  T operator()(T a) const {
    return a < 0 ? Negate{}(a) : a;
  }
};

template <class F>
struct Binary {
  template <class T>
  struct Choose {
    static Handler handler() { return binary<T, F>; }
  };
};
template <class F>
struct Ternary {
  template <class T>
  struct Choose {
    static Handler handler() { return ternary<T, F>; }
  };
};

template <class T>
void multiply_wide(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = warp.reg(i.r[2]);
  const Word* c = i.mode != 0 ? warp.reg(i.r[3]) : nullptr;
  each_lane(lanes, [&](int l) {
    const auto product =
        static_cast<WideOf<T>>(get<T>(a[l])) * static_cast<WideOf<T>>(get<T>(b[l]));
    const auto sum = static_cast<std::uint64_t>(product) + (c != nullptr ? c[l] : 0);
    d[l] = put(static_cast<Unsigned<WideOf<T>>>(sum));
  });
}

template <class T>
struct MultiplyWide {
  static Handler handler() {
    if constexpr (sizeof(T) < 8) return multiply_wide<T>;
    throw Unsupported("a wide product of 64-bit values");
  }
};

// ---- Carry: add, sub, mad with .cc, and addc, subc, madc
// -----------------------------------------
struct CarryMode {
  static constexpr int kReads = 1, kWrites = 2, kHigh = 4;
};

template <class T>
void add_carry(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const bool in = (i.mode & CarryMode::kReads) != 0 && (warp.carry >> l & 1) != 0;
    const auto a = get<T>(warp.reg(i.r[1])[l]), b = get<T>(warp.reg(i.r[2])[l]);
    const T sum = static_cast<T>(a + b), all = static_cast<T>(sum + (in ? 1 : 0));
    warp.reg(i.r[0])[l] = put(all);
    if ((i.mode & CarryMode::kWrites) == 0) return;
    const bool out = sum < a || all < sum;
    warp.carry = (warp.carry & ~(Mask{1} << l)) | Mask{out} << l;
  });
}

template <class T>
void subtract_borrow(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const bool in = (i.mode & CarryMode::kReads) != 0 && (warp.carry >> l & 1) != 0;
    const auto a = get<T>(warp.reg(i.r[1])[l]), b = get<T>(warp.reg(i.r[2])[l]);
    warp.reg(i.r[0])[l] = put(static_cast<T>(a - b - (in ? 1 : 0)));
    if ((i.mode & CarryMode::kWrites) == 0) return;
    const bool out = a < b || (in && a == b);
    warp.carry = (warp.carry & ~(Mask{1} << l)) | Mask{out} << l;
  });
}

template <class T>
void multiply_add_carry(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const bool in = (i.mode & CarryMode::kReads) != 0 && (warp.carry >> l & 1) != 0;
    const auto a = get<T>(warp.reg(i.r[1])[l]), b = get<T>(warp.reg(i.r[2])[l]);
    const auto c = get<T>(warp.reg(i.r[3])[l]);
    const T product = (i.mode & CarryMode::kHigh) != 0 ? MultiplyHigh{}(a, b) : MultiplyLow{}(a, b);
    const T sum = static_cast<T>(product + c), all = static_cast<T>(sum + (in ? 1 : 0));
    warp.reg(i.r[0])[l] = put(all);
    if ((i.mode & CarryMode::kWrites) == 0) return;
    const bool out = sum < product || all < sum;
    warp.carry = (warp.carry & ~(Mask{1} << l)) | Mask{out} << l;
  });
}

bool decode_carry(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  const bool reads = op == "addc" || op == "subc" || op == "madc";
  const bool writes = form.take("cc");
  if (!reads && !writes) return false;
  made.mode = static_cast<std::uint8_t>((reads ? CarryMode::kReads : 0) |
                                        (writes ? CarryMode::kWrites : 0));
  const bool mad = op.starts_with("mad"), sub = op.starts_with("sub");
  if (mad && form.take_one({"lo", "hi"}, 0) == 1) made.mode |= CarryMode::kHigh;
  const Type type = form.take_type();
  const bool wide = bytes_of(type) == 8;
  if (bytes_of(type) != 4 && !wide) form.refuse("carries need 32 or 64 bits");
  // The high product of signed values differs; nvcc gives carries on unsigned ones.
  if ((made.mode & CarryMode::kHigh) != 0 && is_signed(type))
    form.refuse("a signed high product with carry");
  if (mad) {
    made.handler = wide ? multiply_add_carry<std::uint64_t> : multiply_add_carry<std::uint32_t>;
  } else if (sub) {
    made.handler = wide ? subtract_borrow<std::uint64_t> : subtract_borrow<std::uint32_t>;
  } else {
    made.handler = wide ? add_carry<std::uint64_t> : add_carry<std::uint32_t>;
  }
  take_registers(form, made, mad ? 3 : 2);
  return true;
}

bool has_float_type(const Form& form) {
  for (const auto& modifier : form.modifiers) {
    if (modifier.starts_with("f") && modifier != "ftz") return true;
    if (modifier.starts_with("bf")) return true;
  }
  return false;
}

bool decode_product(Form& form, Instruction& made) {
  const bool add = form.opcode == "mad";
  const int part = form.take_one({"lo", "hi", "wide"}, 3);
  if (part == 3) return false;
  const Type type = form.take_type();
  if (part == 2) {
    made.mode = add ? 1 : 0;
    made.handler = for_integer<MultiplyWide>(form, type);
  } else if (add) {
    made.handler = part == 0 ? for_integer<Ternary<MultiplyAddLow>::Choose>(form, type)
                             : for_integer<Ternary<MultiplyAddHigh>::Choose>(form, type);
  } else {
    made.handler = part == 0 ? for_integer<Binary<MultiplyLow>::Choose>(form, type)
                             : for_integer<Binary<MultiplyHigh>::Choose>(form, type);
  }
  take_registers(form, made, add ? 3 : 2);
  return true;
}

Handler sign_handler(const Form& form, Type type, bool absolute) {
  switch (type) {
    case Type::kS16:
      return absolute ? unary<std::int16_t, Absolute> : unary<std::int16_t, Negate>;
    case Type::kS32:
      return absolute ? unary<std::int32_t, Absolute> : unary<std::int32_t, Negate>;
    case Type::kS64:
      return absolute ? unary<std::int64_t, Absolute> : unary<std::int64_t, Negate>;
    default:
      form.refuse("this type is not supported");
  }
}

}  // namespace

bool decode_arithmetic(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "addc" || op == "subc" || op == "madc") return decode_carry(form, made);
  if (has_float_type(form)) return false;
  if ((op == "add" || op == "sub" || op == "mad") && decode_carry(form, made)) return true;
  if (op == "mul" || op == "mad") return decode_product(form, made);
  if (op == "abs" || op == "neg") {
    made.handler = sign_handler(form, form.take_type(), op == "abs");
    take_registers(form, made, 1);
    return true;
  }
  Handler (*choose)(const Form&, Type) = nullptr;
  if (op == "add") choose = for_integer<Binary<Add>::Choose>;
  if (op == "sub") choose = for_integer<Binary<Subtract>::Choose>;
  if (op == "min") choose = for_integer<Binary<Minimum>::Choose>;
  if (op == "max") choose = for_integer<Binary<Maximum>::Choose>;
  if (op == "div") choose = for_integer<Binary<Divide>::Choose>;
  if (op == "rem") choose = for_integer<Binary<Remainder>::Choose>;
  if (choose == nullptr) return false;
  made.handler = choose(form, form.take_type());
  take_registers(form, made, 2);
  return true;
}

}  // namespace keen::sim::ptx
