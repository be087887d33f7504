// Arithmetic of f32 and f64 (PTX ISA 9.0, 9.7.3). Compiled with -frounding-math: the rounding modes
// other than to nearest are the processor's own.
#include <cfenv>
#include <limits>

#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

constexpr int kRounding[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

template <class T>
T flush(T value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(T{0}, value) : value;
}

// sat: "clamps the result to [0.0, 1.0]. NaN results are flushed to +0.0f"
template <class T>
T saturate(T value) {
  if (!(value > 0)) return 0;
  return value > 1 ? T{1} : value;
}

struct Add {
  template <class T>
  T operator()(T a, T b, T) const {
    return a + b;
  }
};
struct Subtract {
  template <class T>
  T operator()(T a, T b, T) const {
    return a - b;
  }
};
struct Multiply {
  template <class T>
  T operator()(T a, T b, T) const {
    return a * b;
  }
};
struct Divide {
  template <class T>
  T operator()(T a, T b, T) const {
    return a / b;
  }
};
struct MultiplyAdd {
  template <class T>
  T operator()(T a, T b, T c) const {
    return std::fma(a, b, c);
  }
};
struct Reciprocal {
  template <class T>
  T operator()(T a, T, T) const {
    return T{1} / a;
  }
};
struct SquareRoot {
  template <class T>
  T operator()(T a, T, T) const {
    return std::sqrt(a);
  }
};
struct Negate {
  template <class T>
  T operator()(T a, T, T) const {
    return -a;
  }
};
struct Absolute {
  template <class T>
  T operator()(T a, T, T) const {
    return std::fabs(a);
  }
};
struct CopySign {  // copysign(a, b): the sign of a on the magnitude of b
  template <class T>
  T operator()(T a, T b, T) const {
    return std::copysign(b, a);
  }
};
// "If one of the inputs is NaN, then the result is the other"; -0.0 < +0.0
template <bool largest>
struct Extreme {
  template <class T>
  T operator()(T a, T b, T) const {
    if (std::isnan(a)) return b;
    if (std::isnan(b)) return a;
    if (a == b) return std::signbit(a) == largest ? b : a;
    return (a < b) == largest ? b : a;
  }
};
template <bool largest>
struct ExtremeNan {
  template <class T>
  T operator()(T a, T b, T c) const {
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<T>::quiet_NaN();
    return Extreme<largest>{}(a, b, c);
  }
};

// mode: bits 0-1 rounding, bit 2 ftz, bit 3 sat
constexpr int kFlush = 4, kSaturate = 8;

// Plain is the common case: to nearest, without ftz and sat.
template <class T, class F, bool plain>
void execute(Warp& warp, const Instruction& i, Mask lanes) {
  Word* d = warp.reg(i.r[0]);
  const Word* a = warp.reg(i.r[1]);
  const Word* b = i.r[2] == kNoRegister ? a : warp.reg(i.r[2]);
  const Word* c = i.r[3] == kNoRegister ? a : warp.reg(i.r[3]);
  if constexpr (plain) {
    each_lane(lanes, [&](int l) { d[l] = put(F{}(get<T>(a[l]), get<T>(b[l]), get<T>(c[l]))); });
  } else {
    std::fesetround(kRounding[i.mode & 3]);
    const bool ftz = (i.mode & kFlush) != 0, sat = (i.mode & kSaturate) != 0;
    each_lane(lanes, [&](int l) {
      const auto in = [&](const Word* p) { return ftz ? flush(get<T>(p[l])) : get<T>(p[l]); };
      T value = F{}(in(a), in(b), in(c));
      if (ftz) value = flush(value);
      d[l] = put(sat ? saturate(value) : value);
    });
    std::fesetround(FE_TONEAREST);
  }
}

template <class F>
Handler choose(Type type, bool plain) {
  if (type == Type::kF32) return plain ? execute<float, F, true> : execute<float, F, false>;
  return plain ? execute<double, F, true> : execute<double, F, false>;
}

struct Row {
  const char* opcode;
  std::size_t sources;
  Handler (*choose)(Type, bool);
};

constexpr Row kRows[] = {
    {"add", 2, choose<Add>},           {"sub", 2, choose<Subtract>},
    {"mul", 2, choose<Multiply>},      {"div", 2, choose<Divide>},
    {"fma", 3, choose<MultiplyAdd>},   {"mad", 3, choose<MultiplyAdd>},
    {"rcp", 1, choose<Reciprocal>},    {"sqrt", 1, choose<SquareRoot>},
    {"neg", 1, choose<Negate>},        {"abs", 1, choose<Absolute>},
    {"copysign", 2, choose<CopySign>}, {"min", 2, choose<Extreme<false>>},
    {"max", 2, choose<Extreme<true>>},
};

}  // namespace

bool decode_float(Form& form, Instruction& made) {
  const Row* row = nullptr;
  for (const auto& candidate : kRows) {
    if (form.opcode == candidate.opcode) row = &candidate;
  }
  if (row == nullptr) return false;
  for (const auto& modifier : form.modifiers) {
    if (modifier == "approx" || modifier == "full" || modifier.starts_with("f16") ||
        modifier.starts_with("bf16")) {
      return false;
    }
  }
  const int rounding = form.take_one({"rn", "rz", "rm", "rp"}, 0);
  const bool ftz = form.take("ftz"), sat = form.take("sat"), nan = form.take("NaN");
  const Type type = form.take_type();
  if (!is_float(type)) form.refuse("this type is not supported");
  made.mode = static_cast<std::uint8_t>(rounding | (ftz ? kFlush : 0) | (sat ? kSaturate : 0));
  const bool extreme = form.opcode == "min" || form.opcode == "max";
  if (nan && !extreme) form.refuse("modifier .NaN is not supported");
  auto pick = row->choose;
  if (nan) pick = form.opcode == "min" ? choose<ExtremeNan<false>> : choose<ExtremeNan<true>>;
  made.handler = pick(type, made.mode == 0);
  take_registers(form, made, row->sources);
  return true;
}

}  // namespace keen::sim::ptx
