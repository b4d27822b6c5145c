#include "workers/generation/gpu_decoder.h"

#include "workers/generation/generation_config.h"
#include "workers/model/kernel_stream.h"

namespace ballast {
namespace {

bool filters(const SamplingConfig& sampling) {
  return sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.repetition_penalty != 1.0;
}

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
      head_VE_(model.parameters().at("lm_head.weight").detach()),
      end_tokens_(at::tensor(settings.end_tokens, at::kLong).to(head_VE_.device())),
      pass_(make_gpu_pass(model, kernels)),
      buffers_(settings.slots, head_VE_.device()) {
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
  cache_.emplace(gpu_cache_shape(model_.config(), slots_, positions), head_VE_.options().requires_grad(false));
  graph_ = make_step_graph(head_VE_.device());
}

std::vector<Choice> GpuDecoder::prefill(std::span<const Prefill> prefills) {
  std::vector<std::int64_t> tokens, slots, positions, last_rows;
  std::vector<std::int64_t> cu_lengths{0};
  for (std::size_t i = 0; i < prefills.size(); ++i) {
    const auto& [slot, prompt, situation] = prefills[i];
    tokens.insert(tokens.end(), prompt.begin(), prompt.end());
    slots.insert(slots.end(), prompt.size(), slot);
    for (std::size_t t = 0; t < prompt.size(); ++t) positions.push_back(static_cast<std::int64_t>(t));
    cu_lengths.push_back(static_cast<std::int64_t>(tokens.size()));
    last_rows.push_back(cu_lengths.back() - 1);
    buffers_.set(static_cast<std::int64_t>(i), situation);
  }
  const auto on_device = [&](const std::vector<std::int64_t>& ids) {
    return at::tensor(ids, at::kLong).to(head_VE_.device());
  };
  const SlotRows rows{.tokens_N = on_device(tokens), .slots_N = on_device(slots), .positions_N = on_device(positions)};
  const at::Tensor hidden_NE = pass_->hidden(rows, prompt_rows({kernels_, *cache_, rows}, cu_lengths));
  const at::Tensor logits_PV = logits(hidden_NE.index_select(0, on_device(last_rows)));
  std::vector<Choice> choices;
  if (host_sampler_) {
    const at::Tensor on_host = logits_PV.to(at::kCPU, at::kFloat);
    for (std::size_t i = 0; i < prefills.size(); ++i)
      choices.push_back(choose_on_host(on_host[static_cast<std::int64_t>(i)], prefills[i].situation));
    return choices;
  }
  buffers_.send();
  sample(logits_PV);
  buffers_.receive();
  for (std::size_t i = 0; i < prefills.size(); ++i) choices.push_back(buffers_.choice(static_cast<std::int64_t>(i)));
  return choices;
}

std::vector<Choice> GpuDecoder::decode(std::span<const Continuation> continuations) {
  buffers_.clear();
  for (const auto& next : continuations) {
    buffers_.set(next.slot, next.situation);
    buffers_.set(next.slot, next.token, next.position);
  }
  buffers_.send();
  graph_->run([&] {
    logits_SV_ = logits(pass_->hidden(buffers_.rows(), cached_rows({kernels_, *cache_, buffers_.rows()})));
    if (!host_sampler_) sample(logits_SV_);
  });
  std::vector<Choice> choices;
  if (host_sampler_) {
    const at::Tensor on_host = logits_SV_.to(at::kCPU, at::kFloat);
    for (const auto& next : continuations) choices.push_back(choose_on_host(on_host[next.slot], next.situation));
    return choices;
  }
  buffers_.receive();
  for (const auto& next : continuations) choices.push_back(buffers_.choice(next.slot));
  return choices;
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

Choice GpuDecoder::choose_on_host(const at::Tensor& logits_V, const Situation& situation) {
  const auto V = static_cast<std::size_t>(logits_V.size(0));
  return host_sampler_->choose({logits_V.const_data_ptr<float>(), V}, situation);
}

}  // namespace ballast
