#include "workers/generation/cpu_decoder.h"

#include "workers/generation/generation_config.h"

namespace ballast {

CpuDecoder::CpuDecoder(const CausalLM& model, const DecoderSettings& settings)
    : model_(model),
      slot_count_(settings.slots),
      sampler_(settings.sampling, settings.end_tokens, model.config().vocab) {
  TORCH_CHECK(slot_count_ > 0 && slot_count_ % GenerationConfig::rows_multiple == 0, "found ", slot_count_,
              " slots, not a multiple of ", GenerationConfig::rows_multiple);
}

void CpuDecoder::begin(std::int64_t positions) {
  slots_.emplace(model_, Slots::Shape{.slots = slot_count_, .positions = positions});
}

std::vector<Choice> CpuDecoder::prefill(std::span<const Prefill> prefills) {
  const auto logits_SV = slots_->prefill(prefills);
  std::vector<Choice> choices;
  for (const auto& [slot, prompt, situation] : prefills) choices.push_back(choose(logits_SV, slot, situation));
  return choices;
}

std::vector<Choice> CpuDecoder::decode(std::span<const Continuation> continuations) {
  const auto logits_SV = slots_->decode(continuations);
  std::vector<Choice> choices;
  for (const auto& next : continuations) choices.push_back(choose(logits_SV, next.slot, next.situation));
  return choices;
}

Choice CpuDecoder::choose(const at::Tensor& logits_SV, std::int64_t slot, const Situation& situation) {
  const auto V = static_cast<std::size_t>(logits_SV.size(1));
  return sampler_.choose({logits_SV.const_data_ptr<float>() + slot * V, V}, situation);
}

}  // namespace ballast
