// Arithmetic of f16, bf16 and their pairs (PTX ISA 9.0, 9.7.4).
#include "tests/sim/ptx/half_values.h"
#include "tests/sim/ptx/values.h"

namespace keen::sim::ptx {
namespace {

enum class Op : std::uint8_t { kAdd, kSub, kMul, kFma, kMin, kMax, kNeg, kAbs };

struct Row {
  const char* opcode;
  Op op;
  std::size_t sources;
};
constexpr Row kRows[] = {{"add", Op::kAdd, 2}, {"sub", Op::kSub, 2}, {"mul", Op::kMul, 2},
                         {"fma", Op::kFma, 3}, {"min", Op::kMin, 2}, {"max", Op::kMax, 2},
                         {"neg", Op::kNeg, 1}, {"abs", Op::kAbs, 1}};

constexpr int kFlush = 16, kSaturate = 32, kRelu = 64, kNanWins = 128;  // above Op in `mode`

double extreme(double a, double b, bool largest, bool nan_wins) {
  if (std::isnan(a) || std::isnan(b)) {
    if (nan_wins || (std::isnan(a) && std::isnan(b))) return std::nan("");
    return std::isnan(a) ? b : a;
  }
  if (a == b) return std::signbit(a) == largest ? b : a;
  return (a < b) == largest ? b : a;
}

double compute(Op op, double a, double b, double c, bool nan_wins) {
  switch (op) {
    case Op::kAdd:
      return multiply_add_to_odd(a, 1, b);
    case Op::kSub:
      return multiply_add_to_odd(a, 1, -b);
    case Op::kMul:
      return a * b;
    case Op::kFma:
      return multiply_add_to_odd(a, b, c);
    case Op::kMin:
      return extreme(a, b, false, nan_wins);
    case Op::kMax:
      return extreme(a, b, true, nan_wins);
    default:
      return a;
  }
}

template <class H>
std::uint16_t one(const Instruction& i, std::uint16_t a, std::uint16_t b, std::uint16_t c) {
  const auto op = static_cast<Op>(i.mode & 15);
  if (op == Op::kNeg) return a ^ 0x8000;
  if (op == Op::kAbs) return a & 0x7fff;
  const auto in = [&](std::uint16_t bits) {
    const double value = H::to_double(bits);
    const bool small = (bits & H::kInfinity) == 0;
    return small && (i.mode & kFlush) != 0 ? std::copysign(0.0, value) : value;
  };
  double value = compute(op, in(a), in(b), in(c), (i.mode & kNanWins) != 0);
  if ((i.mode & kSaturate) != 0) value = value > 0 ? std::min(value, 1.0) : 0;
  if ((i.mode & kRelu) != 0 && value < 0) value = 0;
  const std::uint16_t made = H::from_double(value);
  const bool small = (made & H::kInfinity) == 0;
  return small && (i.mode & kFlush) != 0 ? made & 0x8000 : made;
}

template <class H, int halves>
void execute(Warp& warp, const Instruction& i, Mask lanes) {
  const Word* a = warp.reg(i.r[1]);
  const Word* b = i.r[2] == kNoRegister ? a : warp.reg(i.r[2]);
  const Word* c = i.r[3] == kNoRegister ? a : warp.reg(i.r[3]);
  each_lane(lanes, [&](int l) {
    Word made = 0;
    for (int h = 0; h < halves; ++h) {
      const auto part = [&](const Word* p) { return static_cast<std::uint16_t>(p[l] >> (16 * h)); };
      made |= Word{one<H>(i, part(a), part(b), part(c))} << (16 * h);
    }
    warp.reg(i.r[0])[l] = made;
  });
}

}  // namespace

bool decode_half(Form& form, Instruction& made) {
  const Row* row = nullptr;
  for (const auto& candidate : kRows) {
    if (form.opcode == candidate.opcode) row = &candidate;
  }
  if (row == nullptr) return false;
  int mode = static_cast<int>(row->op);
  form.take("rn");
  if (form.take("ftz")) mode |= kFlush;
  if (form.take("sat")) mode |= kSaturate;
  if (form.take("relu")) mode |= kRelu;
  if (form.take("NaN")) mode |= kNanWins;
  made.mode = static_cast<std::uint8_t>(mode);
  switch (form.take_type()) {
    case Type::kF16:
      made.handler = execute<Half, 1>;
      break;
    case Type::kF16x2:
      made.handler = execute<Half, 2>;
      break;
    case Type::kBf16:
      made.handler = execute<Bfloat, 1>;
      break;
    case Type::kBf16x2:
      made.handler = execute<Bfloat, 2>;
      break;
    default:
      form.refuse("this type is not supported");
  }
  take_registers(form, made, row->sources);
  return true;
}

}  // namespace keen::sim::ptx
