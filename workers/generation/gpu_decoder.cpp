#include "workers/generation/gpu_decoder.h"

#include <map>

#include "workers/generation/generation_config.h"
#include "workers/generation/sharded_choice.h"
#include "workers/model/kernel_stream.h"

namespace ballast {
namespace {

bool filters(const SamplingConfig& sampling) {
  return sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.repetition_penalty != 1.0;
}

// `config`: of what this shard holds.
GpuCache::Shape gpu_cache_shape(const ModelConfig& config, std::int64_t slots, std::int64_t positions) {
  return {.layers = config.layers,
          .slots = slots,
          .kv_heads = config.kv_heads,
          .positions = positions,
          .head_dim = config.head_dim};
}

}  // namespace

GpuDecoder::GpuDecoder(const CausalLM& model, const DecoderSettings& settings, const gpu::Kernels& kernels)
    : model_(model),
      kernels_(kernels),
      slots_(settings.slots),
      sampling_(settings.sampling),
      head_BE_(model.parameters().at("lm_head.weight").detach()),
      end_tokens_(at::tensor(settings.end_tokens, at::kLong).to(head_BE_.device())),
      pass_(make_gpu_pass(model, kernels)),
      buffers_(settings.slots, head_BE_.device()) {
  TORCH_CHECK(slots_ > 0 && slots_ % GenerationConfig::rows_multiple == 0, "found ", slots_,
              " slots, not a multiple of ", GenerationConfig::rows_multiple);
  const std::int64_t V = model.config().vocab;
  if (filters(sampling_) || V > gpu::sample_tokens_vocab) host_sampler_.emplace(sampling_, settings.end_tokens, V);
}

// A longer cache serves as well: splits of the positions are the same.
void GpuDecoder::begin(std::int64_t positions) {
  if (cache_ && cache_->positions() >= positions) return;
  graph_.reset();
  cache_.reset();  // before the new one is allocated
  const ModelConfig local = local_config(model_.config(), model_.shards().shard());
  cache_.emplace(gpu_cache_shape(local, slots_, positions), head_BE_.options().requires_grad(false));
  graph_ = model_.shards().count() > 1 ? make_unrecorded_step() : make_step_graph(head_BE_.device());
}

at::Tensor GpuDecoder::logits(const at::Tensor& hidden_NE) const {
  return whole_logits(at::linear(hidden_NE, head_BE_), model_.shards(), model_.config().vocab);
}

// A prompt that several slots begin with goes through the model once.
at::Tensor GpuDecoder::prefill_logits(std::span<const Prefill> prefills) {
  std::vector<std::int64_t> tokens, slots, positions, last_rows;
  std::vector<std::int64_t> cu_lengths{0};
  std::map<std::vector<std::int64_t>, std::size_t> first_of;  // by prompt: the prefill that computes it
  std::vector<std::pair<std::size_t, std::size_t>> copies;    // prefills: from, to
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto& [slot, prompt, situation] = prefills[i];
    const auto [first, is_first] = first_of.try_emplace({prompt.begin(), prompt.end()}, i);
    if (!is_first) {
      copies.emplace_back(first->second, i);
      last_rows.push_back(last_rows[first->second]);
      continue;
    }
    tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    slots.insert(slots.end(), prompt.size(), slot);
    for (std::size_t t = 0; t < prompt.size(); ++t) positions.push_back(static_cast<std::int64_t>(t));
    cu_lengths.push_back(static_cast<std::int64_t>(tokens.size()));
    last_rows.push_back(cu_lengths.back() - 1);
  }
  const auto on_device = [&](const std::vector<std::int64_t>& ids) {
    return at::tensor(ids, at::kLong).to(head_BE_.device());
  };
  const SlotRows rows{.tokens_N = on_device(tokens), .slots_N = on_device(slots), .positions_N = on_device(positions)};
  const at::Tensor hidden_NE = pass_->hidden(rows, prompt_rows({kernels_, *cache_, rows}, cu_lengths));
  for (const auto& [from, to] : copies)
    cache_->copy(prefills[from].slot, prefills[to].slot, static_cast<std::int64_t>(prefills[to].prompt.size()));
  return logits(hidden_NE.index_select(0, on_device(last_rows)));
}

std::vector<Choice> GpuDecoder::prefill(std::span<const Prefill> prefills) {
  const at::Tensor logits_PV = prefill_logits(prefills);
  std::vector<LogitRow> rows;
  for (const Prefill& prefill : prefills) {
    rows.push_back({.index = static_cast<std::int64_t>(rows.size()), .situation = prefill.situation});
    buffers_.set(rows.back().index, prefill.situation);
  }
  if (chooses_on_device()) {
    buffers_.send();
    sample(logits_PV);
  }
  return choices(rows, logits_PV);
}

std::vector<Choice> GpuDecoder::decode(std::span<const Continuation> continuations) {
  std::vector<LogitRow> rows;
  buffers_.clear();
  for (const Continuation& next : continuations) {
    rows.push_back({.index = next.slot, .situation = next.situation});
    buffers_.set(next.slot, next.situation);
    buffers_.set(next.slot, next.token, next.position);
  }
  buffers_.send();
  graph_->run([&] {
    logits_SV_ = logits(pass_->hidden(buffers_.rows(), cached_rows({kernels_, *cache_, buffers_.rows()})));
    if (chooses_on_device()) sample(logits_SV_);
  });
  return choices(rows, logits_SV_);
}

void GpuDecoder::sample(const at::Tensor& logits_NV) {
  gpu::SampleTokens sampling = buffers_.sampling();
  sampling.logits_SV = logits_NV.const_data_ptr();
  sampling.dtype = compute_dtype_of(logits_NV);
  sampling.rows = logits_NV.size(0);
  sampling.vocab = logits_NV.size(1);
  sampling.temperature = static_cast<float>(sampling_.temperature);
  sampling.end_tokens = end_tokens_.const_data_ptr<std::int64_t>();
  sampling.end_token_count = end_tokens_.size(0);
  kernels_.sample_tokens(sampling, kernel_stream(logits_NV.device()));
}

std::vector<Choice> GpuDecoder::choices(std::span<const LogitRow> rows, const at::Tensor& logits_NV) {
  std::vector<Choice> choices(rows.size());
  if (chooses_on_device()) {
    buffers_.receive();
    for (std::size_t i = 0; i < rows.size(); ++i) choices[i] = buffers_.choice(rows[i].index);
  } else if (chooses()) {
    const at::Tensor on_host = logits_NV.to(at::kCPU, at::kFloat);
    const auto V = static_cast<std::size_t>(on_host.size(1));
    for (std::size_t i = 0; i < rows.size(); ++i)
      choices[i] = host_sampler_->choose({on_host[rows[i].index].const_data_ptr<float>(), V}, rows[i].situation);
  }
  share_choices(choices, model_.shards(), head_BE_.device());
  return choices;
}

}  // namespace ballast
