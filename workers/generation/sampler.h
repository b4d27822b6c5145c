// From logits to a token: filters, draw, log-probabilities.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "workers/generation/choice.h"
#include "workers/generation/sampling.h"
#include "workers/generation/softmax.h"

namespace ballast {

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
