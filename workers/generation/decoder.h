// What lets sequences grow: forward passes over slots, and the choice of each next token. One implementation for each
// kind of device.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workers/generation/choice.h"
#include "workers/generation/sampling.h"
#include "workers/model/causal_lm.h"

namespace ballast {

// A prompt that enters a slot; it replaces the sequence that was there. The ids outlive the call.
struct Prefill {
  std::int64_t slot = 0;
  std::span<const std::int64_t> prompt;
  Situation situation;  // of the choice after the prompt
};

// A slot's sequence grows by the token that was chosen last.
struct Continuation {
  std::int64_t slot = 0;
  std::int64_t token = 0;
  std::int64_t position = 0;  // of the token in its sequence
  Situation situation;        // of the choice after the token
};

struct DecoderSettings {
  SamplingConfig sampling;
  std::vector<std::int64_t> end_tokens;
  std::int64_t slots = 0;  // a multiple of GenerationConfig::rows_multiple
};

// A sequence's choices depend on model, settings, its tokens and its situations, and not on what else is in a call.
// All calls under c10::InferenceMode.
class Decoder {
 public:
  virtual ~Decoder() = default;

  // Before any sequence, and again after the model's weights have changed: takes in the weights as they are and makes
  // room for sequences of so many tokens. What was in the slots is gone.
  virtual void begin(std::int64_t positions) = 0;
  // One choice for each prompt, in their order. No slot comes twice.
  virtual std::vector<Choice> prefill(std::span<const Prefill> prefills) = 0;
  // One choice for each continuation, in their order. No slot comes twice; those that do not come are idle.
  virtual std::vector<Choice> decode(std::span<const Continuation> continuations) = 0;
};

// For the device that the model lies on. The model outlives the decoder.
std::unique_ptr<Decoder> make_decoder(const CausalLM& model, const DecoderSettings& settings);

}  // namespace ballast
