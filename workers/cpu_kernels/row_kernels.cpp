#include "workers/cpu_kernels/row_kernels.h"

#include <cmath>

namespace ballast {
namespace {

template <typename Element>
BALLAST_INLINE void normalise(const ResidualNorm<Element>& row) {
  Lanes squares = {};
  for (std::int64_t i = 0; i < row.size; i += lane_count) {
    Lanes x;
    load(x, row.stream + i);
    if (row.update != nullptr) {
      Lanes update;
      load(update, row.update + i);
      x += update;
      store(row.stream + i, x);
      round_to(row.stream, x);
    }
    squares += x * x;
  }
  const float mean = sum_of(squares) / static_cast<float>(row.size);
  const float factor = 1.0F / std::sqrt(mean + static_cast<float>(row.epsilon));
  for (std::int64_t i = 0; i < row.size; i += lane_count) {
    Lanes x, weight;
    load(x, row.stream + i);
    load(weight, row.weight + i);
    store(row.normed + i, x * factor * weight);
  }
}

template <typename Element>
BALLAST_INLINE void gate_row(Element* gate, const Element* up, std::int64_t size) {
  constexpr float largest = 87.0F;  // exp of more leaves float32's range; sigmoid is 0 long before
  for (std::int64_t i = 0; i < size; i += lane_count) {
    Lanes x, factor;
    load(x, gate + i);
    load(factor, up + i);
    Lanes decay = -x < largest ? -x : Lanes{} + largest;
    exponentiate(decay);
    store(gate + i, x / (1.0F + decay) * factor);
  }
}

template <typename Element>
BALLAST_INLINE void rotate_head(Element* head, const Angles& angles) {
  const std::int64_t F = angles.size;
  for (std::int64_t i = 0; i < F; ++i) {
    const float x = widened(head[i]);
    const float y = widened(head[i + F]);
    narrow(head + i, x * angles.cos[i] - y * angles.sin[i]);
    narrow(head + i + F, y * angles.cos[i] + x * angles.sin[i]);
  }
}

}  // namespace

BALLAST_KERNEL void add_and_normalise(const ResidualNorm<float>& row) { normalise(row); }
BALLAST_KERNEL void add_and_normalise(const ResidualNorm<Bfloat16>& row) { normalise(row); }

BALLAST_KERNEL void gate_with_silu(float* gate, const float* up, std::int64_t size) { gate_row(gate, up, size); }
BALLAST_KERNEL void gate_with_silu(Bfloat16* gate, const Bfloat16* up, std::int64_t size) { gate_row(gate, up, size); }

BALLAST_KERNEL void rotate(float* head, const Angles& angles) { rotate_head(head, angles); }
BALLAST_KERNEL void rotate(Bfloat16* head, const Angles& angles) { rotate_head(head, angles); }

}  // namespace ballast
