// The forward pass of Llama, Mistral and Qwen2 on a GPU. N rows, E = hidden, I = intermediate.
#pragma once
#include <string>
#include <vector>

#include "workers/generation/gpu_pass.h"

namespace ballast {

// Layers with one input whose outputs lie side by side, computed as one product.
class JoinedWeights {
 public:
  // Takes NAME.weight [out, in] of all names, and NAME.bias where the parameters have it. Where they lie side by side
  // in the flat storage nothing is copied.
  JoinedWeights(const Parameters& parameters, const std::vector<std::string>& names);

  void refresh();
  // [N, sum of out].
  at::Tensor operator()(const at::Tensor& x_NE) const { return at::linear(x_NE, weight_.joined, bias_.joined); }

 private:
  struct Joined {
    std::vector<at::Tensor> parts;
    at::Tensor joined;  // a view over the parts or a copy of them; undefined: there are none
    bool is_copy = false;
  };
  static Joined joined(std::vector<at::Tensor> parts);

  Joined weight_;
  Joined bias_;
};

class GpuLlamaPass final : public GpuPass {
 public:
  GpuLlamaPass(const CausalLM& model, const gpu::Kernels& kernels);

  void refresh() override;
  at::Tensor hidden(const SlotRows& rows, const AttendRows& attend) const override;

 private:
  struct Layer {
    AttentionSite site;
    at::Tensor attention_norm_E;
    JoinedWeights qkv, o;
    at::Tensor mlp_norm_E;
    JoinedWeights gate_up, down;
  };
  static Layer layer_at(const ModelConfig& config, const Parameters& parameters, std::int64_t index);

  // stream += delta, if that is defined; returns the norm of the stream.
  at::Tensor add_norm(const at::Tensor& stream_NE, const at::Tensor& delta_NE, const at::Tensor& weight_E) const;
  at::Tensor gated_product(const at::Tensor& gate_up_N2I) const;

  const gpu::Kernels& kernels_;
  double epsilon_;
  std::int64_t head_dim_;
  at::Tensor frequencies_F_;
  at::Tensor embedding_VE_;
  std::vector<Layer> layers_;
  at::Tensor final_norm_E_;
};

}  // namespace ballast
