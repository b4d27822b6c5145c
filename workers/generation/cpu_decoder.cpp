#include "workers/generation/cpu_decoder.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <numeric>

#include "workers/generation/generation_config.h"

namespace ballast {
namespace {

// The first of the prefills with this prompt.
std::size_t first_alike(std::span<const Prefill> prefills, std::size_t index) {
  const auto alike = [&](const Prefill& other) { return std::ranges::equal(other.prompt, prefills[index].prompt); };
  return std::ranges::find_if(prefills, alike) - prefills.begin();
}

}  // namespace

CpuDecoder::CpuDecoder(const CausalLM& model, const DecoderSettings& settings)
    : vocab_(model.config().vocab),
      slots_(settings.slots),
      pass_(make_forward_pass(model)),
      samplers_(1, Sampler(settings.sampling, settings.end_tokens, vocab_)) {
  TORCH_CHECK(slots_ > 0 && slots_ % GenerationConfig::rows_multiple == 0, "found ", slots_,
              " slots, not a multiple of ", GenerationConfig::rows_multiple);
  logits_.resize(slots_ * vocab_);
}

void CpuDecoder::begin(std::int64_t positions) {
  pass_->begin(slots_, positions);
  samplers_.resize(at::get_num_threads(), samplers_.front());
}

std::vector<Choice> CpuDecoder::prefill(std::span<const Prefill> prefills) {
  PassRows rows;
  std::vector<Situation> situations;
  std::vector<std::int64_t> wanted;     // the last row of each prompt that goes through the model
  std::vector<std::int64_t> logits_of;  // by prefill
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto& [slot, prompt, situation] = prefills[i];
    situations.push_back(situation);
    if (const auto first = first_alike(prefills, i); first < i) {
      logits_of.push_back(logits_of[first]);
      continue;
    }
    logits_of.push_back(static_cast<std::int64_t>(wanted.size()));
    rows.tokens.insert(rows.tokens.end(), prompt.begin(), prompt.end());
    for (std::size_t position = 0; position < prompt.size(); ++position)
      rows.places.push_back({.slot = slot, .position = static_cast<std::int64_t>(position)});
    wanted.push_back(static_cast<std::int64_t>(rows.tokens.size()) - 1);
  }
  pass_->run(rows, wanted, logits_.data());
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto first = first_alike(prefills, i);
    if (first < i)
      pass_->copy(prefills[first].slot, prefills[i].slot, static_cast<std::int64_t>(prefills[i].prompt.size()));
  }
  return choose(situations, logits_of);
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
  pass_->run(rows, all, logits_.data());
  return choose(situations, all);
}

std::vector<Choice> CpuDecoder::choose(std::span<const Situation> situations, std::span<const std::int64_t> rows) {
  std::vector<Choice> choices(situations.size());
  at::parallel_for(0, static_cast<std::int64_t>(choices.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    auto& sampler = samplers_[at::get_thread_num()];
    for (std::int64_t i = begin; i < end; ++i)
      choices[i] = sampler.choose({&logits_[rows[i] * vocab_], static_cast<std::size_t>(vocab_)}, situations[i]);
  });
  return choices;
}

}  // namespace ballast
