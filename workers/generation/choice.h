// A token that was chosen, and what the choice depends on besides the logits.
#pragma once
#include <cstdint>
#include <span>

namespace ballast {

struct Choice {
  std::int64_t token = 0;
  float log_prob = 0.0F;           // of the model: log-softmax of its logits, temperature 1, no filters
  float sampling_log_prob = 0.0F;  // of the distribution that was sampled; greedy: 0, the token was certain
};

struct Situation {
  std::span<const std::int64_t> seen;  // distinct ids of prompt and response so far; empty without repetition penalty
  bool may_end = true;                 // false: EOS is banned
  double draw = 0.0;                   // uniform in [0, 1)
};

}  // namespace ballast
