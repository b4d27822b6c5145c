// Continues prompts with the actor's own weights.
#pragma once
#include <vector>

#include "workers/commands.h"
#include "workers/generation/sampling.h"
#include "workers/model/causal_lm.h"

namespace ballast {

class Generator {
 public:
  Generator(const SamplingConfig& config, std::int64_t seed) : config_(config), seed_(seed) {}

  // Whether the response ends with EOS, not because there was no more room.
  bool ended(const TokenIds& response) const { return !response.empty() && response.back() == config_.eos_token; }
  // One response for each prompt: up to and including the EOS token, or until prompt and response fill max_length.
  std::vector<TokenIds> continue_prompts(CausalLM& model, const Generate& command) const;

 private:
  SamplingConfig config_;
  std::int64_t seed_;
};

}  // namespace ballast
