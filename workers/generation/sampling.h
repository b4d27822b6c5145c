// From logits to tokens, reproducibly: randomness is counter-based, so a draw depends on who draws it, not on when.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace ballast {

struct SamplingConfig {
  double temperature = 1.0;
  std::int64_t eos_token = 2;

  template <typename Fields>
  void describe(Fields& field) {
    field("temperature", temperature, "of the distribution that is sampled").above(0.0);
    field("eos_token", eos_token, "the id that ends a response").at_least(0);
  }
};

// Names one draw of a run.
struct DrawKey {
  std::int64_t seed = 0;
  std::int64_t iteration = 0;
  std::int64_t row_id = 0;
  std::int64_t position = 0;  // index of the token in its sequence
};

// Uniform in [0, 1), the same for the same key on every machine (Philox).
double uniform(const DrawKey& key);

// The token at which the cumulative distribution of softmax(logits_V) passes `draw`; sums run in float64 in id order.
std::int64_t token_at(const at::Tensor& logits_V, double draw);

}  // namespace ballast
