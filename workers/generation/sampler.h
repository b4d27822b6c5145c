// From logits to a token: filters, draw, log-probabilities.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "workers/generation/sampling.h"
#include "workers/generation/softmax.h"

namespace ballast {

struct Choice {
  std::int64_t token = 0;
  float log_prob = 0.0F;           // of the model: log-softmax of its logits, temperature 1, no filters
  float sampling_log_prob = 0.0F;  // of the distribution that was sampled; greedy: 0, the token was certain
};

// What a choice depends on besides the logits.
struct Situation {
  std::span<const std::int64_t> seen;  // distinct ids of prompt and response so far
  bool may_end = true;                 // false: EOS is banned
  double draw = 0.0;                   // uniform in [0, 1)
};

class Sampler {
 public:
  // `eos_tokens` are the ids that are banned where a sequence may not end.
  Sampler(const SamplingConfig& config, std::vector<std::int64_t> eos_tokens, std::int64_t vocab);

  // Filters as transformers does, but for ties: equal logits at top-p's edge go to the lower ids, as greedy's do.
  Choice choose(std::span<const float> logits_V, const Situation& situation);

 private:
  bool filters(const Situation& situation) const;
  // Repetition penalty and ban of EOS: what greedy decoding respects too.
  void penalise_and_ban(const Situation& situation);
  void keep_top_k();
  void keep_top_p();

  SamplingConfig config_;
  std::vector<std::int64_t> eos_tokens_;
  Softmax model_;
  Softmax sampled_;
  std::vector<float> scores_;  // the logits as the filters leave them
  std::vector<float> sorted_;
  std::vector<std::int64_t> candidates_;
};

}  // namespace ballast
