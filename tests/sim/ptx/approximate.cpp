// Approximate instructions: a value within the documented error that differs from the exact one,
// so that nobody comes to rely on the bits. Which, the seed and the argument decide.
// Errors: PTX ISA 9.0, 9.7.3, at each instruction.
#include "tests/sim/core/machine.h"
#include "tests/sim/ptx/half_values.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

// From -1 to 1.
double noise(std::uint32_t bits) {
  std::uint32_t h =
      bits ^ (Machine::get().seed() * 0x9e3779b9U);  // an integer hash (Wellons, lowbias32)
  h = (h ^ h >> 16) * 0x7feb352dU;
  h = (h ^ h >> 15) * 0x846ca68bU;
  h ^= h >> 16;
  return h / 2147483648.0 - 1;
}

float flush(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0F, value) : value;
}

enum class Error : std::uint8_t { kRelative, kAbsolute };

struct Row {
  const char* opcode;
  double (*exact)(double, double);
  Error kind;
  double bound;  // exponent of two
  std::size_t sources;
};

constexpr Row kRows[] = {
    {"rcp", [](double a, double) { return 1 / a; }, Error::kRelative, -23, 1},
    {"sqrt", [](double a, double) { return std::sqrt(a); }, Error::kRelative, -23, 1},
    {"rsqrt", [](double a, double) { return 1 / std::sqrt(a); }, Error::kRelative, -22.9, 1},
    {"sin", [](double a, double) { return std::sin(a); }, Error::kAbsolute, -20.5, 1},
    {"cos", [](double a, double) { return std::cos(a); }, Error::kAbsolute, -20.5, 1},
    {"lg2", [](double a, double) { return std::log2(a); }, Error::kAbsolute, -22, 1},
    {"ex2", [](double a, double) { return std::exp2(a); }, Error::kRelative, -22.5, 1},
    {"tanh", [](double a, double) { return std::tanh(a); }, Error::kRelative, -11, 1},
    {"div", [](double a, double b) { return a / b; }, Error::kRelative, -22, 2},
};

void execute(Warp& warp, const Instruction& i, Mask lanes) {
  const Row& row = kRows[i.mode];
  const Word* a = warp.reg(i.r[1]);
  const Word* b = row.sources == 2 ? warp.reg(i.r[2]) : a;
  // Rounding to float adds half a unit in the last place to what is added here.
  const double bound = std::exp2(row.bound) - std::exp2(-24.0);
  each_lane(lanes, [&](int l) {
    const auto in = [&](Word word) { return i.flag ? flush(get<float>(word)) : get<float>(word); };
    const double exact = row.exact(in(a[l]), in(b[l]));
    const double off = noise(static_cast<std::uint32_t>(a[l])) * bound;
    double value = exact;
    if (std::isfinite(exact) && exact != 0 && exact != 1) {
      value = row.kind == Error::kRelative ? exact * (1 + off) : exact + off * 0.5;
    }
    const auto made = static_cast<float>(value);
    warp.reg(i.r[0])[l] = put(i.flag ? flush(made) : made);
  });
}

// rcp and rsqrt of f64 are gross: of argument and result only the upper 32 bits count.
void execute_gross(Warp& warp, const Instruction& i, Mask lanes) {
  constexpr Word kUpper = 0xffffffff00000000;
  each_lane(lanes, [&](int l) {
    double a = get<double>(warp.reg(i.r[1])[l] & kUpper);
    if (std::fpclassify(a) == FP_SUBNORMAL) a = std::copysign(0.0, a);
    const double exact = kRows[i.mode].exact(a, a);
    warp.reg(i.r[0])[l] = (std::isnan(exact) ? Word{0x7fffffff} << 32 : put(exact)) & kUpper;
  });
}

// ex2 and tanh of the 16-bit formats. Errors: unsourced (of 16 bits: the header and the toolkit's
// comments give none); each is larger than half a unit in the last place, which rounding takes.
template <class H>
std::uint16_t one_half(const Row& row, bool flushes, std::uint16_t bits) {
  constexpr bool kIsHalf = std::is_same_v<H, Half>;
  const double relative = kIsHalf ? -9.9 : -7, absolute = kIsHalf ? -10.987 : -8;
  double a = H::to_double(bits);
  if (flushes && (bits & H::kInfinity) == 0) a = std::copysign(0.0, a);
  const double exact = row.exact(a, a);
  if (!std::isfinite(exact) || exact == 0 || std::fabs(exact) == 1) return H::from_double(exact);
  const double off = noise(bits) * 0.5;
  const double value = row.kind == Error::kRelative && row.bound < -20
                           ? exact * (1 + off * std::exp2(relative))
                           : exact + off * std::min(std::exp2(absolute), std::fabs(exact));
  const std::uint16_t made = H::from_double(value);
  return flushes && (made & H::kInfinity) == 0 ? made & 0x8000 : made;
}

template <class H, int halves>
void execute_halves(Warp& warp, const Instruction& i, Mask lanes) {
  each_lane(lanes, [&](int l) {
    const Word a = warp.reg(i.r[1])[l];
    Word made = 0;
    for (int h = 0; h < halves; ++h) {
      const auto part = static_cast<std::uint16_t>(a >> (16 * h));
      made |= Word{one_half<H>(kRows[i.mode], i.flag, part)} << (16 * h);
    }
    warp.reg(i.r[0])[l] = made;
  });
}

Handler halves_handler(Type type) {
  switch (type) {
    case Type::kF16:
      return execute_halves<Half, 1>;
    case Type::kF16x2:
      return execute_halves<Half, 2>;
    case Type::kBf16:
      return execute_halves<Bfloat, 1>;
    case Type::kBf16x2:
      return execute_halves<Bfloat, 2>;
    default:
      return nullptr;
  }
}

}  // namespace

bool decode_approximate(Form& form, Instruction& made) {
  std::size_t index = 0;
  while (index < std::size(kRows) && form.opcode != kRows[index].opcode) ++index;
  if (index == std::size(kRows)) return false;
  if (!form.take("approx") && !form.take("full"))
    form.refuse("only .approx and .full are supported");
  made.flag = form.take("ftz");
  const Type type = form.take_type();
  const bool gross =
      type == Type::kF64 && made.flag && (form.opcode == "rcp" || form.opcode == "rsqrt");
  made.mode = static_cast<std::uint8_t>(index);
  made.handler = gross ? execute_gross : execute;
  if (form.opcode == "ex2" || form.opcode == "tanh") {
    if (const Handler halves = halves_handler(type)) made.handler = halves;
  }
  if (type != Type::kF32 && made.handler == execute) form.refuse("this type is not supported");
  take_registers(form, made, kRows[index].sources);
  return true;
}

}  // namespace keen::sim::ptx
