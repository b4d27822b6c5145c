// What a Llama layer does to one row between its products. Rows are filled up with zeros to whole lanes, which stay
// zero. Computed in float32, in bfloat16 each result is rounded once.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/bfloat16.h"

namespace ballast {

template <typename Element>
struct ResidualNorm {
  Element* stream = nullptr;        // [E]
  const Element* update = nullptr;  // [E] is added to the stream first; nullptr: nothing is
  const float* weight = nullptr;    // [E]
  Element* normed = nullptr;        // [E]: stream / sqrt(mean(stream^2) + epsilon) * weight
  std::int64_t size = 0;            // E
  double epsilon = 0.0;
};
void add_and_normalise(const ResidualNorm<float>& row);
void add_and_normalise(const ResidualNorm<Bfloat16>& row);

// gate [size] = silu(gate) * up.
void gate_with_silu(float* gate, const float* up, std::int64_t size);
void gate_with_silu(Bfloat16* gate, const Bfloat16* up, std::int64_t size);

// Turns the pairs (x_i, x_{i + F}) of a head [2 F] by angles that are given by cosine and sine [F].
struct Angles {
  const float* cos = nullptr;
  const float* sin = nullptr;
  std::int64_t size = 0;  // F
};
void rotate(float* head, const Angles& angles);
void rotate(Bfloat16* head, const Angles& angles);

}  // namespace ballast
