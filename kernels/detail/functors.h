// What elementwise ops compute for one element: written once for CPU, GPU and fused loops.
//
// A functor takes elements of type T (float for the 16-bit floating types) and gives a T, or a
// bool. Integers wrap around, as TensorFlow's do. kVectorMath marks those that call math functions.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "kernels/detail/simd_math.h"
#include "runtime/base/macros.h"

namespace keen::functor {

// An unsigned type in which arithmetic on integers of type T is defined for all values.
template <std::integral T>
using Wrapping = std::conditional_t<(sizeof(T) < 4), std::uint32_t, std::make_unsigned_t<T>>;

// ---- Arithmetic ----

struct Add {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(x) + static_cast<Wrapping<T>>(y));
    } else {
      return x + y;
    }
  }
};

struct Sub {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(x) - static_cast<Wrapping<T>>(y));
    } else {
      return x - y;
    }
  }
};

struct Mul {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      return static_cast<T>(static_cast<Wrapping<T>>(x) * static_cast<Wrapping<T>>(y));
    } else {
      return x * y;
    }
  }
};

struct RealDiv {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    return x / y;
  }
};

// Zero where the divisor is zero.
struct DivNoNan {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    return y == T(0) ? T(0) : x / y;
  }
};

// The integer divisions need a divisor that is not zero.
struct TruncateDiv {
  template <std::integral T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if (std::signed_integral<T> && y == T(-1)) return Sub()(T(0), x);  // MIN / -1 would trap
    return static_cast<T>(x / y);
  }
};

struct FloorDiv {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      const T quotient = TruncateDiv()(x, y);
      if (y == T(-1)) return quotient;
      return static_cast<T>(quotient - ((x % y != 0 && (x < 0) != (y < 0)) ? 1 : 0));
    } else {
      return std::floor(x / y);
    }
  }
};

// The remainder that has the sign of the divisor.
struct FloorMod {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      if (std::signed_integral<T> && y == T(-1)) return T(0);
      const T rest = static_cast<T>(x % y);
      return rest != 0 && (rest < 0) != (y < 0) ? static_cast<T>(rest + y) : rest;
    } else {
      const T rest = std::fmod(x, y);
      return rest != T(0) && (rest < T(0)) != (y < T(0)) ? rest + y : rest;
    }
  }
};

// nan where either is; ties give x.
struct Maximum {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    return x >= y || x != x ? x : y;
  }
};

struct Minimum {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    return x <= y || x != x ? x : y;
  }
};

struct SquaredDifference {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    const T difference = Sub()(x, y);
    return Mul()(difference, difference);
  }
};

struct Pow {
  static constexpr bool kVectorMath = true;
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x, T y) const {
    if constexpr (std::integral<T>) {
      T result = 1;
      for (; y > 0; y = static_cast<T>(y >> 1)) {
        if ((y & 1) != 0) result = Mul()(result, x);
        x = Mul()(x, x);
      }
      return result;
    } else {
      return math::pow(x, y);
    }
  }
};

// ---- Comparisons and logic ----

struct Equal {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x == y;
  }
};
struct NotEqual {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x != y;
  }
};
struct Less {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x < y;
  }
};
struct LessEqual {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x <= y;
  }
};
struct Greater {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x > y;
  }
};
struct GreaterEqual {
  template <class T>
  KEEN_HOST_DEVICE bool operator()(T x, T y) const {
    return x >= y;
  }
};
struct LogicalAnd {
  KEEN_HOST_DEVICE bool operator()(bool x, bool y) const { return x && y; }
};
struct LogicalOr {
  KEEN_HOST_DEVICE bool operator()(bool x, bool y) const { return x || y; }
};
struct LogicalNot {
  KEEN_HOST_DEVICE bool operator()(bool x) const { return !x; }
};
struct IsNan {
  template <std::floating_point T>
  KEEN_HOST_DEVICE bool operator()(T x) const {
    return x != x;
  }
};
struct IsInf {
  template <std::floating_point T>
  KEEN_HOST_DEVICE bool operator()(T x) const {
    return x == x && x - x != T(0);
  }
};
struct IsFinite {
  template <std::floating_point T>
  KEEN_HOST_DEVICE bool operator()(T x) const {
    return x - x == T(0);
  }
};

// ---- Functions of one number ----

struct Neg {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::integral<T>) {
      return Sub()(T(0), x);
    } else {
      return -x;
    }
  }
};
struct Abs {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::unsigned_integral<T>) {
      return x;
    } else if constexpr (std::integral<T>) {
      return x < 0 ? Neg()(x) : x;
    } else {
      return std::fabs(x);
    }
  }
};
struct Sign {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::integral<T>) {
      return static_cast<T>((x > 0 ? 1 : 0) - (x < 0 ? 1 : 0));
    } else {
      return x > T(0) ? T(1) : x < T(0) ? T(-1) : x == T(0) ? T(0) : x;
    }
  }
};
struct Square {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return Mul()(x, x);
  }
};
struct Reciprocal {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return T(1) / x;
  }
};
struct Sqrt {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return std::sqrt(x);
  }
};
struct Rsqrt {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return T(1) / std::sqrt(x);
  }
};
struct Floor {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return std::floor(x);
  }
};
struct Ceil {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return std::ceil(x);
  }
};
// Halves go to the even neighbour (the rounding mode is never changed).
struct Round {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    if constexpr (std::integral<T>) {
      return x;
    } else {
      return std::nearbyint(x);
    }
  }
};

// ---- Transcendental functions ----

struct Exp {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::exp(x);
  }
};
struct Expm1 {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::expm1(x);
  }
};
struct Log {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::log(x);
  }
};
struct Log1p {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::log1p(x);
  }
};
struct Sin {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::sin(x);
  }
};
struct Cos {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::cos(x);
  }
};
struct Erf {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::erf(x);
  }
};
struct Tanh {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return math::tanh(x);
  }
};
struct Sigmoid {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return T(1) / (T(1) + math::exp(-x));
  }
};

}  // namespace keen::functor
