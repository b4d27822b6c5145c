// Draws tokens from rows of logits.
#pragma once
#include <cstdint>

#include "workers/gpu_kernels/stream.h"
#include "workers/model/compute_dtype.h"

namespace ballast::gpu {

// S rows over a vocabulary of V <= sample_tokens_vocab.
struct SampleTokens {
  const void* logits_SV = nullptr;
  ComputeDType dtype = ComputeDType::float32;
  std::int64_t rows = 0;
  std::int64_t vocab = 0;
  float temperature = 1.0F;                  // 0: always the likeliest token
  const std::int64_t* end_tokens = nullptr;  // [end_token_count] what ends a response
  std::int64_t end_token_count = 0;
  const std::int64_t* may_end_S = nullptr;  // 0: end tokens are banned from the row
  const double* draws_S = nullptr;          // uniform in [0, 1)
  std::int64_t* tokens_S = nullptr;
  float* log_probs_S = nullptr;           // of the logits as they are
  float* sampling_log_probs_S = nullptr;  // of the distribution that was sampled; 0 at temperature 0
};

// Weights are summed over blocks of so many ids, as Softmax does on the CPU.
inline constexpr std::int64_t sample_block = 64;
inline constexpr std::int64_t sample_tokens_vocab = 262144;

// Bans, divides by the temperature, and takes the token at which the cumulative distribution passes the draw, in the
// order of ids; at temperature 0 the lowest of the likeliest ids. What Sampler does without its other filters.
void sample_tokens(const SampleTokens& sample, Stream stream);
void sample_tokens_reference(const SampleTokens& sample, Stream stream);

}  // namespace ballast::gpu
