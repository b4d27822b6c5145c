#include "workers/generation/forward_pass.h"

#include "workers/generation/backbone_pass.h"
#include "workers/generation/llama_pass.h"
#include "workers/generation/packed_llama.h"

namespace ballast {
namespace {

// GPT-2's weights [in, out] and its biases everywhere are another layout; it computes as in training.
bool has_own_kernels(const ModelConfig& config) { return config.family != Family::Gpt2; }

}  // namespace

std::unique_ptr<ForwardPass> make_forward_pass(const CausalLM& model) {
  if (has_own_kernels(model.config())) return make_llama_pass(model);
  return std::make_unique<BackbonePass>(model);
}

PassMemory pass_memory(const ModelConfig& config, ComputeDType dtype, const PassSize& size) {
  const ModelConfig local = local_config(config, size.shard);
  const std::int64_t numbers = size.slots * size.positions * local.layers * local.kv_heads * local.head_dim * 2;
  const bool half = has_own_kernels(config) && dtype == ComputeDType::bfloat16;
  const auto element = static_cast<std::int64_t>(half ? sizeof(Bfloat16) : sizeof(float));
  return {.packed_weights = has_own_kernels(config) ? packed_llama_bytes(config, size.shard, dtype) : 0,
          .kv_cache = numbers * element};
}

}  // namespace ballast
