// The decoder of models in the CPU's memory.
#pragma once
#include <vector>

#include "workers/generation/decoder.h"
#include "workers/generation/forward_pass.h"
#include "workers/generation/sampler.h"

namespace ballast {

class CpuDecoder final : public Decoder {
 public:
  CpuDecoder(const CausalLM& model, const DecoderSettings& settings);

  void begin(std::int64_t positions) override;
  // A prompt that several slots have goes through the model once.
  std::vector<Choice> prefill(std::span<const Prefill> prefills) override;
  std::vector<Choice> decode(std::span<const Continuation> continuations) override;

 private:
  // One choice for each situation, from the row of logits that belongs to it.
  std::vector<Choice> choose(std::span<const Situation> situations, std::span<const std::int64_t> rows);

  std::int64_t vocab_;
  std::int64_t slots_;
  std::unique_ptr<ForwardPass> pass_;
  std::vector<Sampler> samplers_;  // one for each thread
  std::vector<float> logits_;      // [S, V]
};

}  // namespace ballast
