#include "workers/generation/cpu_decoder.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "workers/generation/generation_config.h"
#include "workers/generation/sharded_choice.h"
#include "workers/model/sharding.h"

namespace ballast {
namespace {

// The first of the prefills with this prompt.
std::size_t first_alike(std::span<const Prefill> prefills, std::size_t index) {
  const auto alike = [&](const Prefill& other) { return std::ranges::equal(other.prompt, prefills[index].prompt); };
  return std::ranges::find_if(prefills, alike) - prefills.begin();
}

}  // namespace

CpuDecoder::CpuDecoder(const CausalLM& model, const DecoderSettings& settings)
    : model_(model),
      slots_(settings.slots),
      pass_(make_forward_pass(model)),
      samplers_(1, Sampler(settings.sampling, settings.end_tokens, model.config().vocab)) {
  TORCH_CHECK(slots_ > 0 && slots_ % GenerationConfig::rows_multiple == 0, "found ", slots_,
              " slots, not a multiple of ", GenerationConfig::rows_multiple);
  own_logits_ = at::empty({slots_, local_vocabulary(model.config(), model.shards().shard()).size()}, at::kFloat);
}

void CpuDecoder::begin(std::int64_t positions) {
  pass_->begin(slots_, positions);
  samplers_.resize(at::get_num_threads(), samplers_.front());
}

std::vector<Choice> CpuDecoder::prefill(std::span<const Prefill> prefills) {
  PassRows rows;
  std::vector<Situation> situations;
  std::vector<std::int64_t> wanted;      // the last row of each prompt that goes through the model
  std::vector<std::int64_t> logit_rows;  // by prefill
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto& [slot, prompt, situation] = prefills[i];
    situations.push_back(situation);
    if (const auto first = first_alike(prefills, i); first < i) {
      logit_rows.push_back(logit_rows[first]);
      continue;
    }
    logit_rows.push_back(static_cast<std::int64_t>(wanted.size()));
    rows.tokens.insert(rows.tokens.end(), prompt.begin(), prompt.end());
    for (std::size_t position = 0; position < prompt.size(); ++position)
      rows.places.push_back({.slot = slot, .position = static_cast<std::int64_t>(position)});
    wanted.push_back(static_cast<std::int64_t>(rows.tokens.size()) - 1);
  }
  const at::Tensor logits_NV = logits(rows, wanted);
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto first = first_alike(prefills, i);
    if (first < i)
      pass_->copy(prefills[first].slot, prefills[i].slot, static_cast<std::int64_t>(prefills[i].prompt.size()));
  }
  return choose(situations, logits_NV, logit_rows);
}

std::vector<Choice> CpuDecoder::decode(std::span<const Continuation> continuations) {
  PassRows rows;
  std::vector<Situation> situations;
  for (const auto& [slot, token, position, situation] : continuations) {
    rows.tokens.push_back(token);
    rows.places.push_back({.slot = slot, .position = position});
    situations.push_back(situation);
  }
  std::vector<std::int64_t> all(continuations.size());
  std::iota(all.begin(), all.end(), 0);
  return choose(situations, logits(rows, all), all);
}

at::Tensor CpuDecoder::logits(const PassRows& rows, std::span<const std::int64_t> wanted) {
  const at::Tensor own = own_logits_.narrow(0, 0, static_cast<std::int64_t>(wanted.size()));
  pass_->run(rows, wanted, own.mutable_data_ptr<float>());
  return whole_logits(own, model_.shards(), model_.config().vocab);
}

std::vector<Choice> CpuDecoder::choose(std::span<const Situation> situations, const at::Tensor& logits_NV,
                                       std::span<const std::int64_t> rows) {
  std::vector<Choice> choices(situations.size());
  if (logits_NV.defined()) {
    const auto* logits = logits_NV.const_data_ptr<float>();
    const std::int64_t V = logits_NV.size(1);
    at::parallel_for(0, static_cast<std::int64_t>(choices.size()), 1, [&](std::int64_t begin, std::int64_t end) {
      auto& sampler = samplers_[at::get_thread_num()];
      for (std::int64_t i = begin; i < end; ++i)
        choices[i] = sampler.choose({logits + rows[i] * V, static_cast<std::size_t>(V)}, situations[i]);
    });
  }
  share_choices(choices, model_.shards(), c10::kCPU);
  return choices;
}

}  // namespace ballast
