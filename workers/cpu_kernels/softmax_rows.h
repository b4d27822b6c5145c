// Rows of logits: the log-probability of one token each, and the gradient that this leads to. M rows of V logits, float
// or Bfloat16; sums in float32.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast::cpu {

template <typename Element>
struct LogitRows {
  std::int64_t rows = 0;
  std::int64_t vocab = 0;
  Element* logits_MV = nullptr;
  const std::int64_t* ids_M = nullptr;  // of the tokens
};

// log_probs_M = logits at the ids - log sum exp(logits), which goes to normalisers_M.
void token_log_probs(const LogitRows<float>& rows, float* log_probs_M, float* normalisers_M);
void token_log_probs(const LogitRows<Bfloat16>& rows, float* log_probs_M, float* normalisers_M);

// logits = gradient (onehot(id) - softmax(logits)), in their place; gradients_M: of the log-probabilities. An
// id of -1 is none of these logits.
void logit_gradients(const LogitRows<float>& rows, const float* normalisers_M, const float* gradients_M);
void logit_gradients(const LogitRows<Bfloat16>& rows, const float* normalisers_M, const float* gradients_M);

}  // namespace ballast::cpu
