// Logic, shifts and bit fields (PTX ISA 9.0, 9.7.1 and 9.7.8).
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

struct And {
  template <class T>
  T operator()(T a, T b) const {
    return a & b;
  }
};
struct Or {
  template <class T>
  T operator()(T a, T b) const {
    return a | b;
  }
};
struct Xor {
  template <class T>
  T operator()(T a, T b) const {
    return a ^ b;
  }
};
struct Not {
  bool operator()(bool a) const { return !a; }
  template <class T>
  T operator()(T a) const {
    return static_cast<T>(~a);
  }
};

template <class F>
Handler logic(const Form& form, Type type) {
  switch (bytes_of(type)) {
    case 1:
      if (type == Type::kPred) return binary<bool, F>;
      break;
    case 2:
      return binary<std::uint16_t, F>;
    case 4:
      return binary<std::uint32_t, F>;
    case 8:
      return binary<std::uint64_t, F>;
    default:
      break;
  }
  form.refuse("this type is not supported");
}

Handler logic_not(const Form& form, Type type) {
  switch (bytes_of(type)) {
    case 1:
      if (type == Type::kPred) return unary<bool, Not>;
      break;
    case 2:
      return unary<std::uint16_t, Not>;
    case 4:
      return unary<std::uint32_t, Not>;
    case 8:
      return unary<std::uint64_t, Not>;
    default:
      break;
  }
  form.refuse("this type is not supported");
}

// The amount is a 32-bit number, whatever the type, and shifts of all bits or more are defined.
template <class T, bool left>
void shift(Warp& warp, const Instruction& i, Mask lanes) {
  constexpr std::uint32_t kBits = sizeof(T) * 8;
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = warp.reg(i.r[2]);
  each_lane(lanes, [&](int l) {
    const auto by = static_cast<std::uint32_t>(b[l]);
    const T value = get<T>(a[l]);
    if (left) {
      d[l] = put(by >= kBits ? T{0} : static_cast<T>(static_cast<std::uint64_t>(value) << by));
    } else if (by >= kBits) {
      d[l] = put(value < 0 ? static_cast<T>(-1) : T{0});
    } else {
      d[l] = put(static_cast<T>(value >> by));
    }
  });
}
template <class T>
struct ShiftLeft {
  static Handler handler() { return shift<T, true>; }
};
template <class T>
struct ShiftRight {
  static Handler handler() { return shift<T, false>; }
};

struct Reverse {
  template <class T>
  T operator()(T a) const {
    T made = 0;
    for (std::size_t bit = 0; bit < sizeof(T) * 8; ++bit)
      made = static_cast<T>(made << 1 | (a >> bit & 1));
    return made;
  }
};
struct CountOnes {
  template <class T>
  std::uint32_t operator()(T a) const {
    return std::popcount(a);
  }
};
struct CountLeadingZeros {
  template <class T>
  std::uint32_t operator()(T a) const {
    return std::countl_zero(a);
  }
};
// bfind: the highest bit that is not the sign; all ones where there is none.
struct FindBit {
  template <class T>
  std::uint32_t operator()(T a) const {
    const auto bits = static_cast<std::make_unsigned_t<T>>(a < 0 ? ~a : a);
    return bits == 0 ? ~0U : static_cast<std::uint32_t>(sizeof(T) * 8 - 1 - std::countl_zero(bits));
  }
};

template <class F>
Handler for_b32_b64(const Form& form, Type type) {
  if (bytes_of(type) == 4) return unary<std::uint32_t, F>;
  if (bytes_of(type) == 8) return unary<std::uint64_t, F>;
  form.refuse("this type is not supported");
}

template <class T>
void extract_field(Warp& warp, const Instruction& i, Mask lanes) {
  using U = std::make_unsigned_t<T>;
  constexpr unsigned kBits = sizeof(T) * 8;
  each_lane(lanes, [&](int l) {
    const U value = get<U>(warp.reg(i.r[1])[l]);
    const unsigned at = warp.reg(i.r[2])[l] & 255, count = warp.reg(i.r[3])[l] & 255;
    U made = at >= kBits ? U{0} : static_cast<U>(value >> at);
    if (count < kBits) made &= static_cast<U>((U{1} << count) - 1);
    // "sign: the sign bit of the extracted field, or of the value where the field leaves it"
    const bool sign =
        std::is_signed_v<T> && count > 0 && (value >> std::min(at + count - 1, kBits - 1) & 1) != 0;
    if (sign && count < kBits) made |= static_cast<U>(~U{0} << count);
    if (sign && at + count > kBits)
      made |= at >= kBits ? static_cast<U>(~U{0}) : static_cast<U>(~(~U{0} >> at));
    warp.reg(i.r[0])[l] = put(made);
  });
}

template <class U>
void insert_field(Warp& warp, const Instruction& i, Mask lanes) {
  constexpr unsigned kBits = sizeof(U) * 8;
  each_lane(lanes, [&](int l) {
    const unsigned at = warp.reg(i.r[3])[l] & 255, count = warp.reg(i.r[4])[l] & 255;
    U field = count >= kBits ? static_cast<U>(~U{0}) : static_cast<U>((U{1} << count) - 1);
    field = at >= kBits ? U{0} : static_cast<U>(field << at);
    const U from = at >= kBits ? U{0} : static_cast<U>(get<U>(warp.reg(i.r[1])[l]) << at);
    warp.reg(i.r[0])[l] =
        put(static_cast<U>((get<U>(warp.reg(i.r[2])[l]) & ~field) | (from & field)));
  });
}

void permute(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const Word bytes = (warp.reg(i.r[1])[l] & 0xffffffff) | warp.reg(i.r[2])[l] << 32;
    const Word select = warp.reg(i.r[3])[l];
    Word made = 0;
    for (int k = 0; k < 4; ++k) {
      const Word choice = select >> (4 * k) & 15;
      Word byte = bytes >> (8 * (choice & 7)) & 255;
      if ((choice & 8) != 0) byte = (byte & 128) != 0 ? 255 : 0;
      made |= byte << (8 * k);
    }
    warp.reg(i.r[0])[l] = made;
  });
}

void logic3(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const auto a = get<std::uint32_t>(warp.reg(i.r[1])[l]),
               b = get<std::uint32_t>(warp.reg(i.r[2])[l]);
    const auto c = get<std::uint32_t>(warp.reg(i.r[3])[l]),
               table = get<std::uint32_t>(warp.reg(i.r[4])[l]);
    std::uint32_t made = 0;
    for (int k = 0; k < 8; ++k) {
      if ((table >> k & 1) == 0) continue;
      made |= ((k & 4) != 0 ? a : ~a) & ((k & 2) != 0 ? b : ~b) & ((k & 1) != 0 ? c : ~c);
    }
    warp.reg(i.r[0])[l] = made;
  });
}

// shf: mode bit 0: to the right, bit 1: clamp instead of wrap
void funnel_shift(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const Word both = (warp.reg(i.r[1])[l] & 0xffffffff) | warp.reg(i.r[2])[l] << 32;
    const auto given = get<std::uint32_t>(warp.reg(i.r[3])[l]);
    const std::uint32_t by = (i.mode & 2) != 0 ? std::min(given, 32U) : given & 31;
    const Word made = (i.mode & 1) != 0 ? both >> by : both << by >> 32;
    warp.reg(i.r[0])[l] = made & 0xffffffff;
  });
}

void bit_mask(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    auto at = get<std::uint32_t>(warp.reg(i.r[1])[l]),
         count = get<std::uint32_t>(warp.reg(i.r[2])[l]);
    if (i.flag) at &= 31, count &= 31;  // .wrap
    const Word ones = count >= 32 ? 0xffffffff : (Word{1} << count) - 1;
    warp.reg(i.r[0])[l] = at >= 32 ? 0 : (ones << at) & 0xffffffff;
  });
}

bool decode_fields(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "bfe") {
    switch (form.take_type()) {
      case Type::kU32:
        made.handler = extract_field<std::uint32_t>;
        break;
      case Type::kS32:
        made.handler = extract_field<std::int32_t>;
        break;
      case Type::kU64:
        made.handler = extract_field<std::uint64_t>;
        break;
      case Type::kS64:
        made.handler = extract_field<std::int64_t>;
        break;
      default:
        form.refuse("this type is not supported");
    }
    take_registers(form, made, 3);
  } else if (op == "bfi") {
    made.handler =
        bytes_of(form.take_type()) == 8 ? insert_field<std::uint64_t> : insert_field<std::uint32_t>;
    take_registers(form, made, 4);
  } else if (op == "prmt" || op == "lop3") {
    form.take_type();
    made.handler = op == "prmt" ? permute : logic3;
    take_registers(form, made, op == "prmt" ? 3 : 4);
  } else if (op == "shf") {
    const int right = form.take_one({"l", "r"}, 2), clamp = form.take_one({"wrap", "clamp"}, 2);
    if (right == 2 || clamp == 2) form.refuse("direction and .wrap or .clamp are needed");
    form.take_type();
    made.mode = static_cast<std::uint8_t>(right | clamp << 1);
    made.handler = funnel_shift;
    take_registers(form, made, 3);
  } else if (op == "bmsk") {
    made.flag = form.take_one({"clamp", "wrap"}, 0) == 1;
    form.take_type();
    made.handler = bit_mask;
    take_registers(form, made, 2);
  } else {
    return false;
  }
  return true;
}

Handler find_bit(const Form& form, Type type) {
  switch (type) {
    case Type::kU32:
      return unary<std::uint32_t, FindBit>;
    case Type::kS32:
      return unary<std::int32_t, FindBit>;
    case Type::kU64:
      return unary<std::uint64_t, FindBit>;
    case Type::kS64:
      return unary<std::int64_t, FindBit>;
    default:
      form.refuse("this type is not supported");
  }
}

}  // namespace

bool decode_bits(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "and" || op == "or" || op == "xor") {
    auto choose = op == "and" ? logic<And> : op == "or" ? logic<Or> : logic<Xor>;
    made.handler = choose(form, form.take_type());
    take_registers(form, made, 2);
  } else if (op == "not") {
    made.handler = logic_not(form, form.take_type());
    take_registers(form, made, 1);
  } else if (op == "shl" || op == "shr") {
    const Type type = form.take_type();
    made.handler =
        op == "shl" ? for_integer<ShiftLeft>(form, type) : for_integer<ShiftRight>(form, type);
    take_registers(form, made, 2);
  } else if (op == "brev" || op == "popc" || op == "clz" || op == "bfind") {
    const Type type = form.take_type();
    made.handler = op == "brev"   ? for_b32_b64<Reverse>(form, type)
                   : op == "popc" ? for_b32_b64<CountOnes>(form, type)
                   : op == "clz"  ? for_b32_b64<CountLeadingZeros>(form, type)
                                  : find_bit(form, type);
    take_registers(form, made, 1);
  } else {
    return decode_fields(form, made);
  }
  return true;
}

}  // namespace keen::sim::ptx
