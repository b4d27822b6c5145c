// What a model's work comes to in floating-point operations and bytes: what a measured time is held against.
#pragma once
#include <cstdint>

#include "workers/model/model_config.h"

namespace ballast {

// Operations count a multiplication and an addition each. Left out, as below 1 % of the shapes that matter: norms,
// rotary embedding, softmax, sampling.
struct Cost {
  double flops = 0.0;
  double bytes = 0.0;  // that must be read from or written to memory at least once

  Cost operator+(const Cost& other) const { return {flops + other.flops, bytes + other.bytes}; }
  Cost operator*(double factor) const { return {flops * factor, bytes * factor}; }
};

// Rows of equal length, all of which begin at `first` and end before `last`; keys and values of earlier positions are
// cached.
struct RowsOfTokens {
  std::int64_t rows = 0;
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t logits = 0;  // tokens of all rows that the language-model head works on
};

// Elements of the matrices of one layer.
double layer_weights(const ModelConfig& model);

// bytes: every weight that is used once, in `dtype`, and keys and values of the positions before `first`, in float32.
Cost forward_cost(const ModelConfig& model, ComputeDType dtype, const RowsOfTokens& tokens);
// Forward and, of twice its operations, backward; then AdamW, which reads value, gradient and both moments in float32
// and writes all but the gradient.
Cost train_step_cost(const ModelConfig& model, ComputeDType dtype, const RowsOfTokens& tokens);

}  // namespace ballast
