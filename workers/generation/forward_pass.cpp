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
  const CacheShape cache{.layers = local.layers,
                         .slots = size.slots,
                         .positions = size.positions,
                         .kv_heads = local.kv_heads,
                         .head_dim = local.head_dim};
  if (!has_own_kernels(config)) return {.packed_weights = 0, .kv_cache = KvCache<float>::bytes(cache)};
  const bool half = dtype == ComputeDType::bfloat16;
  return {.packed_weights = packed_llama_bytes(config, size.shard, dtype),
          .kv_cache = half ? KvCache<Bfloat16>::bytes(cache) : KvCache<float>::bytes(cache)};
}

}  // namespace ballast
