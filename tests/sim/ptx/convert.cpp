// cvt (PTX ISA 9.0, 9.7.9.22) and cvt.pack's absence: what nvcc emits for our types.
#include <cfenv>
#include <limits>
#include <utility>

#include "tests/sim/ptx/half_values.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

enum Rounding : std::uint8_t { kNearest, kZero, kDown, kUp };  // the low bits of mode
constexpr int kFlush = 4, kSaturate = 8, kRelu = 16;
constexpr int kModes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

double to_integral(double value, int rounding) {
  switch (rounding) {
    case kNearest:
      return std::nearbyint(value);
    case kZero:
      return std::trunc(value);
    case kDown:
      return std::floor(value);
    default:
      return std::ceil(value);
  }
}

template <class T>
double read_double(Word word, bool flush) {
  const T value = get<T>(word);
  return flush && std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0, value) : value;
}

double read(Type type, Word word, bool flush) {
  switch (type) {
    case Type::kF16:
      return Half::to_double(static_cast<std::uint16_t>(word));
    case Type::kBf16:
      return Bfloat::to_double(static_cast<std::uint16_t>(word));
    case Type::kF32:
      return read_double<float>(word, flush);
    default:
      return read_double<double>(word, false);
  }
}

Word write_float(double value, int mode) {
  std::fesetround(kModes[mode & 3]);
  volatile double in = value;  // converted here, under this rounding
  auto made = static_cast<float>(in);
  std::fesetround(FE_TONEAREST);
  if ((mode & kFlush) != 0 && std::fpclassify(made) == FP_SUBNORMAL)
    made = std::copysign(0.0F, made);
  return put(made);
}

template <class H>
Word write_half(double value, int mode) {
  std::fesetround(kModes[mode & 3]);
  const std::uint16_t made = H::from_double(value);
  std::fesetround(FE_TONEAREST);
  return made;
}

double clamp_result(double value, int mode) {
  if ((mode & kSaturate) != 0) return value > 0 ? std::min(value, 1.0) : 0;
  if ((mode & kRelu) != 0 && value < 0) return 0;
  return value;
}

Word write(Type type, double value, int mode) {
  value = clamp_result(value, mode);
  switch (type) {
    case Type::kF16:
      return write_half<Half>(value, mode);
    case Type::kBf16:
      return write_half<Bfloat>(value, mode);
    case Type::kF32:
      return write_float(value, mode);
    default:
      return put(value);
  }
}

// "In float-to-integer conversion, NaN inputs are converted to 0", out of range is clamped.
// The register is as wide as the type, but a narrow signed result fills 32 bits.
template <class T>
Word write_integer(double value) {
  if (std::isnan(value)) return 0;
  const double low = static_cast<double>(std::numeric_limits<T>::min());
  const double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (value <= low) return put(std::numeric_limits<T>::min());
  if (value >= beyond) return put(std::numeric_limits<T>::max());
  return put(static_cast<T>(value));
}

// Types of an instruction, as numbers of the enumeration in r[7] and r[8], which are free.
Type source_type(const Instruction& i) { return static_cast<Type>(i.r[8]); }
Type result_type(const Instruction& i) { return static_cast<Type>(i.r[7]); }

void float_to_float(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    double value = read(source_type(i), warp.reg(i.r[1])[l], (i.mode & kFlush) != 0);
    if (i.flag) value = to_integral(value, i.mode & 3);
    warp.reg(i.r[0])[l] = write(result_type(i), value, i.flag ? i.mode & ~3 : i.mode);
  });
}

template <class T>
void float_to_integer(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const double value = read(source_type(i), warp.reg(i.r[1])[l], (i.mode & kFlush) != 0);
    warp.reg(i.r[0])[l] = write_integer<T>(to_integral(value, i.mode & 3));
  });
}

template <class T>
void integer_to_float(Warp& warp, const Instruction& i, Mask lanes) {
  std::fesetround(kModes[i.mode & 3]);
  each_lane(lanes, [&](int l) {
    const volatile T value = get<T>(warp.reg(i.r[1])[l]);
    Word made = 0;
    switch (result_type(i)) {
      case Type::kF32:
        made = put(static_cast<float>(value));
        break;
      case Type::kF64:
        made = put(static_cast<double>(value));
        break;
      // 53 bits hold what decides the rounding of the types up to 32 bits
      case Type::kF16:
        made = Half::from_double(static_cast<double>(value));
        break;
      default:
        made = Bfloat::from_double(static_cast<double>(value));
        break;
    }
    warp.reg(i.r[0])[l] = made;
  });
  std::fesetround(FE_TONEAREST);
}

template <class From, class To>
void integer_to_integer(Warp& warp, const Instruction& i, Mask lanes) {
  const bool saturate = (i.mode & kSaturate) != 0;
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  each_lane(lanes, [&](int l) {
    const From value = get<From>(a[l]);
    if (saturate && !std::in_range<To>(value)) {
      d[l] = put(std::cmp_less(value, 0) ? std::numeric_limits<To>::min()
                                         : std::numeric_limits<To>::max());
    } else {
      d[l] = put(static_cast<To>(value));
    }
  });
}

// Calls visit(T{}) for an integer type; 8-bit types are read from wider registers.
template <class Visit>
Handler with_integer(const Form& form, Type type, Visit visit) {
  switch (type) {
    case Type::kB8:
    case Type::kU8:
      return visit(std::uint8_t{});
    case Type::kS8:
      return visit(std::int8_t{});
    case Type::kB16:
    case Type::kU16:
      return visit(std::uint16_t{});
    case Type::kS16:
      return visit(std::int16_t{});
    case Type::kB32:
    case Type::kU32:
      return visit(std::uint32_t{});
    case Type::kS32:
      return visit(std::int32_t{});
    case Type::kB64:
    case Type::kU64:
      return visit(std::uint64_t{});
    case Type::kS64:
      return visit(std::int64_t{});
    default:
      form.refuse("this type is not supported");
  }
}

bool any_float(Type type) { return type == Type::kF16 || type == Type::kBf16 || is_float(type); }

// A signed result narrower than its register is sign-extended there ("cvt.s32.s8"): nvcc reads the
// low bits only, so the low bits are kept.
Handler choose(const Form& form, Type to, Type from) {
  if (any_float(from) && any_float(to)) return float_to_float;
  if (any_float(from)) {
    return with_integer(form, to, [](auto t) -> Handler { return float_to_integer<decltype(t)>; });
  }
  if (any_float(to)) {
    return with_integer(form, from,
                        [](auto t) -> Handler { return integer_to_float<decltype(t)>; });
  }
  return with_integer(form, from, [&](auto f) {
    return with_integer(
        form, to, [](auto t) -> Handler { return integer_to_integer<decltype(f), decltype(t)>; });
  });
}

// cvt.rn.f16x2.f32 d, a, b: a goes to the upper half.
template <class H>
void pack_pair(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const auto half = [&](int r) {
      return write_half<H>(clamp_result(get<float>(warp.reg(i.r[r])[l]), i.mode), i.mode);
    };
    warp.reg(i.r[0])[l] = half(1) << 16 | half(2);
  });
}

}  // namespace

bool decode_convert(Form& form, Instruction& made) {
  if (form.opcode != "cvt") return false;
  const int integral = form.take_one({"rni", "rzi", "rmi", "rpi"}, -1);
  const int rounding = form.take_one({"rn", "rz", "rm", "rp"}, 0);
  const bool ftz = form.take("ftz"), sat = form.take("sat"), relu = form.take("relu");
  made.flag = integral >= 0;
  made.mode = static_cast<std::uint8_t>((integral >= 0 ? integral : rounding) | (ftz ? kFlush : 0) |
                                        (sat ? kSaturate : 0) | (relu ? kRelu : 0));
  const Type to = form.take_type(), from = form.take_type();
  if (to == Type::kF16x2 || to == Type::kBf16x2) {
    if (from != Type::kF32) form.refuse("pairs are made of .f32 only");
    made.handler = to == Type::kF16x2 ? pack_pair<Half> : pack_pair<Bfloat>;
    take_registers(form, made, 2);
    return true;
  }
  made.handler = choose(form, to, from);
  take_registers(form, made, 1);
  made.r[7] = static_cast<int>(to);
  made.r[8] = static_cast<int>(from);
  return true;
}

}  // namespace keen::sim::ptx
