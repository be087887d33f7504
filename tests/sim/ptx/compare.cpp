// setp, set, selp, slct, testp (PTX ISA 9.0, 9.7.6 and 9.7.3).
#include "tests/sim/ptx/half_values.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

enum Comparison : int {
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kEqu,
  kNeu,
  kLtu,
  kLeu,
  kGtu,
  kGeu,
  kNum,
  kNan
};
constexpr int kNoComparison = 100;
constexpr int kMergeShift = 4;  // mode: comparison, and above it 0 none, 1 and, 2 or, 3 xor

template <int how, class T>
bool holds(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const bool unordered = std::isnan(a) || std::isnan(b);
    if constexpr (how == kNum) return !unordered;
    if constexpr (how == kNan) return unordered;
    if (unordered) return how >= kEqu;
  }
  constexpr int kPlain = how % 6;
  if constexpr (kPlain == kEq) return a == b;
  if constexpr (kPlain == kNe) return a != b;
  if constexpr (kPlain == kLt) return a < b;
  if constexpr (kPlain == kLe) return a <= b;
  if constexpr (kPlain == kGt) return a > b;
  return a >= b;
}

template <class H, class T>
T read(Word word) {
  if constexpr (std::is_void_v<H>)
    return get<T>(word);
  else
    return static_cast<T>(H::to_double(static_cast<std::uint16_t>(word)));
}

// flag: .ftz
template <int how, class T, class H = void>
void set_predicate(Warp& warp, const Instruction& i, Mask lanes) {
  const Word* a = warp.reg(i.r[2]);
  const Word* b = warp.reg(i.r[3]);
  Word* p = warp.reg(i.r[0]);
  Word* q = i.r[1] == kNoRegister ? nullptr : warp.reg(i.r[1]);
  const int merge = i.mode >> kMergeShift;
  const auto in = [&](Word word) {
    T value = read<H, T>(word);
    if constexpr (std::is_floating_point_v<T>) {
      if (i.flag && std::fpclassify(value) == FP_SUBNORMAL) value = 0;
    }
    return value;
  };
  if (merge == 0 && q == nullptr) {
    each_lane(lanes, [&](int l) { p[l] = holds<how, T>(in(a[l]), in(b[l])) ? 1 : 0; });
    return;
  }
  each_lane(lanes, [&](int l) {
    bool yes = holds<how, T>(in(a[l]), in(b[l])), no = !yes;
    if (merge != 0) {
      const bool with = (warp.reg(i.r[4])[l] != 0) != ((i.offset & 1) != 0);
      const auto merged = [&](bool v) {
        return merge == 1 ? v && with : merge == 2 ? v || with : v != with;
      };
      yes = merged(yes);
      no = merged(no);
    }
    p[l] = yes ? 1 : 0;
    if (q != nullptr) q[l] = no ? 1 : 0;
  });
}

template <class T, class H = void>
Handler choose(const Form& form, int how) {
  switch (how) {
    case kEq:
      return set_predicate<kEq, T, H>;
    case kNe:
      return set_predicate<kNe, T, H>;
    case kLt:
      return set_predicate<kLt, T, H>;
    case kLe:
      return set_predicate<kLe, T, H>;
    case kGt:
      return set_predicate<kGt, T, H>;
    case kGe:
      return set_predicate<kGe, T, H>;
    default:
      break;
  }
  if constexpr (std::is_floating_point_v<T>) {
    switch (how) {
      case kEqu:
        return set_predicate<kEqu, T, H>;
      case kNeu:
        return set_predicate<kNeu, T, H>;
      case kLtu:
        return set_predicate<kLtu, T, H>;
      case kLeu:
        return set_predicate<kLeu, T, H>;
      case kGtu:
        return set_predicate<kGtu, T, H>;
      case kGeu:
        return set_predicate<kGeu, T, H>;
      case kNum:
        return set_predicate<kNum, T, H>;
      case kNan:
        return set_predicate<kNan, T, H>;
      default:
        break;
    }
  }
  form.refuse("this comparison is not supported for the type");
}

Handler comparison(const Form& form, Type type, int how) {
  switch (type) {
    case Type::kB16:
    case Type::kU16:
      return choose<std::uint16_t>(form, how);
    case Type::kS16:
      return choose<std::int16_t>(form, how);
    case Type::kB32:
    case Type::kU32:
      return choose<std::uint32_t>(form, how);
    case Type::kS32:
      return choose<std::int32_t>(form, how);
    case Type::kB64:
    case Type::kU64:
      return choose<std::uint64_t>(form, how);
    case Type::kS64:
      return choose<std::int64_t>(form, how);
    case Type::kF32:
      return choose<float>(form, how);
    case Type::kF64:
      return choose<double>(form, how);
    case Type::kF16:
      return choose<double, Half>(form, how);
    case Type::kBf16:
      return choose<double, Bfloat>(form, how);
    default:
      form.refuse("this type is not supported");
  }
}

int take_comparison(Form& form) {
  const int how = form.take_one(
      {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"},
      kNoComparison);
  if (how != kNoComparison) return how;
  const int unsigned_how = form.take_one({"lo", "ls", "hi", "hs"}, kNoComparison);
  if (unsigned_how == kNoComparison) form.refuse("a comparison is missing or unknown");
  return kLt + unsigned_how;
}

void decode_setp(Form& form, Instruction& made) {
  const int how = take_comparison(form);
  const int merge = 1 + form.take_one({"and", "or", "xor"}, -1);
  made.flag = form.take("ftz");
  made.mode = static_cast<std::uint8_t>(how | merge << kMergeShift);
  made.handler = comparison(form, form.take_type(), how);
  form.finish(merge == 0 ? 3 : 4);
  made.r[0] = form.operands[0].reg;
  made.r[1] = form.operands[0].second;
  made.r[2] = form.reg(1);
  made.r[3] = form.reg(2);
  if (merge == 0) return;
  made.r[4] = form.operands[3].reg;
  made.offset = form.operands[3].negated ? 1 : 0;
}

void select(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = warp.reg(i.r[2]);
  const Word* p = warp.reg(i.r[3]);
  const Word keep = i.width == 8 ? ~Word{0} : (Word{1} << (8 * i.width)) - 1;
  each_lane(lanes, [&](int l) { d[l] = (p[l] != 0 ? a[l] : b[l]) & keep; });
}

enum TestMode : std::uint8_t { kFinite, kInfinite, kNumber, kNotANumber, kNormal, kSubnormal };

template <class T>
void test_property(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const int kind = std::fpclassify(get<T>(warp.reg(i.r[1])[l]));
    bool yes = false;
    switch (i.mode) {
      case kFinite:
        yes = kind != FP_NAN && kind != FP_INFINITE;
        break;
      case kInfinite:
        yes = kind == FP_INFINITE;
        break;
      case kNumber:
        yes = kind != FP_NAN;
        break;
      case kNotANumber:
        yes = kind == FP_NAN;
        break;
      case kNormal:
        yes = kind == FP_NORMAL;
        break;
      default:
        yes = kind == FP_SUBNORMAL;
        break;
    }
    warp.reg(i.r[0])[l] = yes ? 1 : 0;
  });
}

}  // namespace

bool decode_compare(Form& form, Instruction& made) {
  const std::string& op = form.opcode;
  if (op == "setp") {
    decode_setp(form, made);
  } else if (op == "selp") {
    made.width = static_cast<std::uint8_t>(bytes_of(form.take_type()));
    made.handler = select;
    take_registers(form, made, 3);
  } else if (op == "testp") {
    const int mode = form.take_one(
        {"finite", "infinite", "number", "notanumber", "normal", "subnormal"}, kNoComparison);
    if (mode == kNoComparison) form.refuse("a property is missing or unknown");
    made.mode = static_cast<std::uint8_t>(mode);
    made.handler = form.take_type() == Type::kF64 ? test_property<double> : test_property<float>;
    take_registers(form, made, 1);
  } else {
    return false;
  }
  return true;
}

}  // namespace keen::sim::ptx
