#include "workers/cpu_kernels/swiglu.h"

namespace ballast::cpu {
namespace {

// x = 1 / (1 + exp(-x)); -x is kept where exp does not overflow.
BALLAST_INLINE void to_sigmoid(Lanes& x) {
  constexpr float highest = 87.0F;
  x = -x;
  x = x > highest ? Lanes{} + highest : x;
  exponentiate(x);
  x = 1.0F / (1.0F + x);
}

template <typename Element>
BALLAST_INLINE void swiglu_row(const Swiglu<Element>& swiglu, std::int64_t row) {
  const Element* gates = swiglu.gate_up_N2I + 2 * row * swiglu.width;
  for (std::int64_t i = 0; i < swiglu.width; i += lane_count) {
    const std::int64_t count = swiglu.width - i;
    Lanes gate, up;
    load_some(gate, gates + i, count, 0.0F);
    load_some(up, gates + swiglu.width + i, count, 0.0F);
    Lanes s = gate;
    to_sigmoid(s);
    store_some(swiglu.out_NI + row * swiglu.width + i, gate * s * up, count);
  }
}

// d silu(g) / dg = s (1 + g (1 - s)) with s = sigmoid(g).
template <typename Element>
BALLAST_INLINE void gradient_row(const Swiglu<Element>& swiglu, std::int64_t row) {
  const Element* gates = swiglu.gate_up_N2I + 2 * row * swiglu.width;
  Element* gradients = swiglu.gate_up_gradient_N2I + 2 * row * swiglu.width;
  for (std::int64_t i = 0; i < swiglu.width; i += lane_count) {
    const std::int64_t count = swiglu.width - i;
    Lanes gate, up, gradient;
    load_some(gate, gates + i, count, 0.0F);
    load_some(up, gates + swiglu.width + i, count, 0.0F);
    load_some(gradient, swiglu.gradient_NI + row * swiglu.width + i, count, 0.0F);
    Lanes s = gate;
    to_sigmoid(s);
    store_some(gradients + i, gradient * up * s * (1.0F + gate * (1.0F - s)), count);
    store_some(gradients + swiglu.width + i, gradient * gate * s, count);
  }
}

}  // namespace

BALLAST_KERNEL void swiglu(const Swiglu<float>& swiglu) {
  for (std::int64_t row = 0; row < swiglu.rows; ++row) swiglu_row(swiglu, row);
}

BALLAST_KERNEL void swiglu(const Swiglu<Bfloat16>& swiglu) {
  for (std::int64_t row = 0; row < swiglu.rows; ++row) swiglu_row(swiglu, row);
}

BALLAST_KERNEL void swiglu_gradient(const Swiglu<float>& swiglu) {
  for (std::int64_t row = 0; row < swiglu.rows; ++row) gradient_row(swiglu, row);
}

BALLAST_KERNEL void swiglu_gradient(const Swiglu<Bfloat16>& swiglu) {
  for (std::int64_t row = 0; row < swiglu.rows; ++row) gradient_row(swiglu, row);
}

}  // namespace ballast::cpu
