// Continues prompts with the actor's own weights: continuous batching over a fixed number of slots, keys and values
// cached.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "workers/commands.h"
#include "workers/generation/decoder.h"
#include "workers/generation/generation_config.h"
#include "workers/generation/sampling.h"
#include "workers/model/causal_lm.h"

namespace ballast {

// What continues one prompt.
struct Response {
  TokenIds tokens;
  std::vector<float> log_probs;           // of each token: the model's own, temperature 1, no filters
  std::vector<float> sampling_log_probs;  // of each token, in the distribution that was sampled
};

// How a Generator works.
struct GeneratorSettings {
  SamplingConfig sampling;
  std::vector<std::int64_t> end_tokens;
  std::int64_t slots = GenerationConfig::rows_multiple;  // a multiple of it
  std::int64_t seed = 0;
};

class Generator {
 public:
  // The model outlives the generator.
  Generator(const CausalLM& model, GeneratorSettings settings);

  // Whether the response ends with EOS, not because there was no more room.
  bool ended(const TokenIds& response) const;

  // Called for each row as soon as its response is complete.
  using OnResponse = std::function<void(std::size_t row, const Response& response)>;

  // One response for each prompt (at least one token), which ends with an EOS token, or with max_new_tokens, or where
  // prompt and response fill max_length; a prompt that fills it has an empty response. On a machine, for a number of
  // threads, each row's response depends on the model as it is now, settings, prompt, iteration and row id alone: not
  // on slots nor on which other rows there are.
  std::vector<Response> continue_prompts(const Generate& command, const OnResponse& on_response = {});

 private:
  GeneratorSettings settings_;
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace ballast
