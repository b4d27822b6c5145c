// The forward pass of Llama, Mistral and Qwen2 on a GPU. N rows, E = hidden; of a model cut into shards, one shard's:
// I = intermediate, V = vocabulary.
#pragma once
#include <vector>

#include "workers/generation/gpu_pass.h"
#include "workers/model/layers.h"
#include "workers/model/vocabulary_shard.h"

namespace ballast {

class GpuLlamaPass final : public GpuPass {
 public:
  GpuLlamaPass(const CausalLM& model, const gpu::Kernels& kernels);

  at::Tensor hidden(const SlotRows& rows, const AttendRows& attend) const override;

 private:
  struct Layer {
    AttentionSite site;
    at::Tensor attention_norm_E;
    JoinedLinear qkv;
    Linear o;
    at::Tensor mlp_norm_E;
    JoinedLinear gate_up;
    Linear down;
  };
  static Layer layer_at(const CausalLM& model, std::int64_t index);

  // A layer that every shard has a part of: the shards' outputs become their sum.
  at::Tensor summed(const Linear& layer, const at::Tensor& x_NI) const;
  // stream += delta, if that is defined; returns the norm of the stream.
  at::Tensor add_norm(const at::Tensor& stream_NE, const at::Tensor& delta_NE, const at::Tensor& weight_E) const;
  at::Tensor gated_product(const at::Tensor& gate_up_N2I) const;

  const gpu::Kernels& kernels_;
  VocabularyShard vocabulary_;
  double epsilon_;
  std::int64_t head_dim_;
  at::Tensor frequencies_F_;
  at::Tensor embedding_VE_;
  std::vector<Layer> layers_;
  at::Tensor final_norm_E_;
};

}  // namespace ballast
