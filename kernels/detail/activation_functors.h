// Functors of activations and of their gradients; see functors.h. Gradients take the values in
// the order of TensorFlow's ops.
#pragma once

#include "kernels/detail/functors.h"

namespace keen::functor {

struct Relu {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return x < T(0) ? T(0) : x;  // nan stays
  }
};
// Of the gradient and the input or the output, which have the same sign.
struct ReluGrad {
  template <class T>
  KEEN_HOST_DEVICE T operator()(T gradient, T feature) const {
    return feature > T(0) ? gradient : T(0);
  }
};

// log(1 + exp(x)) without overflow.
struct Softplus {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T x) const {
    return (x < T(0) ? T(0) : x) + math::log1p(math::exp(-std::fabs(x)));
  }
};
struct SoftplusGrad {
  static constexpr bool kVectorMath = true;
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T gradient, T x) const {
    return gradient / (T(1) + math::exp(-x));
  }
};

// The following are of the output y and the gradient dy.
struct TanhGrad {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T y, T dy) const {
    return dy * (T(1) - y * y);
  }
};
struct SigmoidGrad {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T y, T dy) const {
    return dy * y * (T(1) - y);
  }
};
struct SqrtGrad {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T y, T dy) const {
    return T(0.5) * dy / y;
  }
};
struct RsqrtGrad {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T y, T dy) const {
    return T(-0.5) * dy * (y * y * y);
  }
};
struct ReciprocalGrad {
  template <std::floating_point T>
  KEEN_HOST_DEVICE T operator()(T y, T dy) const {
    return -(dy * y * y);
  }
};

}  // namespace keen::functor
