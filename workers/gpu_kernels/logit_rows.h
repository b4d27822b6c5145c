// Log-probabilities of given tokens from rows of logits, and their gradient in the logits' place.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/stream.h"
#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// M rows over a vocabulary of V.
struct LogitRows {
  void* logits_MV = nullptr;
  ComputeDType dtype = ComputeDType::float32;
  std::int64_t rows = 0;   // M
  std::int64_t vocab = 0;  // V
  const std::int64_t* ids_M = nullptr;
};

// log_probs = logits[id] - normaliser, normaliser = log sum exp logits; float32 [M] each.
struct GatherLogProbs {
  LogitRows logits;
  float* log_probs_M = nullptr;
  float* normalisers_M = nullptr;
};
void gather_log_probs(const GatherLogProbs& gather, Stream stream);
void gather_log_probs_reference(const GatherLogProbs& gather, Stream stream);

// logits <- (onehot(id) - exp(logits - normaliser)) * gradient: d log p(id) / d logits times what comes from behind. An
// id of -1 is none of these logits.
struct LogitGradients {
  LogitRows logits;
  const float* normalisers_M = nullptr;
  const float* gradients_M = nullptr;
};
void logit_gradients(const LogitGradients& gradients, Stream stream);
void logit_gradients_reference(const LogitGradients& gradients, Stream stream);

}  // namespace ballast::gpu
