// The decoder of models in the CPU's memory.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "workers/generation/decoder.h"
#include "workers/generation/sampler.h"
#include "workers/generation/slots.h"

namespace ballast {

class CpuDecoder final : public Decoder {
 public:
  CpuDecoder(const CausalLM& model, const DecoderSettings& settings);

  void begin(std::int64_t positions) override;
  std::vector<Choice> prefill(std::span<const Prefill> prefills) override;
  std::vector<Choice> decode(std::span<const Continuation> continuations) override;

 private:
  Choice choose(const at::Tensor& logits_SV, std::int64_t slot, const Situation& situation);

  const CausalLM& model_;
  std::int64_t slot_count_;
  std::optional<Slots> slots_;  // from begin on
  Sampler sampler_;
};

}  // namespace ballast
