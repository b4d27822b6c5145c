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
  // Float32 [wanted, V] after these rows of the pass; of a model cut into shards on the first alone, else undefined.
  at::Tensor logits(const PassRows& rows, std::span<const std::int64_t> wanted);
  // One choice for each situation, from the row of logits that belongs to it; every shard's is the first one's.
  std::vector<Choice> choose(std::span<const Situation> situations, const at::Tensor& logits_NV,
                             std::span<const std::int64_t> rows);

  const CausalLM& model_;
  std::int64_t slots_;
  std::unique_ptr<ForwardPass> pass_;
  std::vector<Sampler> samplers_;  // one for each thread
  at::Tensor own_logits_;          // float32 [S, V]; of a shard: [S, its block of the vocabulary]
};

}  // namespace ballast
