// A causal language model: the actor and the reference. N tokens, E = hidden, V = vocabulary.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>

#include "workers/model/model.h"
#include "workers/model/model_source.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

// What the model asks for: the backbone's parameters and the head's. Allocates none of them.
std::vector<ParameterSpec> causal_lm_parameters(const ModelConfig& config);

class CausalLM : public Model {
 public:
  // Reads the folder, or draws weights. Throws ModelError or SafetensorsError.
  static std::unique_ptr<CausalLM> from_source(const ModelSource& source, Use use);

  // float32 [N]: log-probability of each token's follower in its sequence, 0 at a sequence's last token. The head runs
  // only where there is a follower and never holds all logits. Differentiable.
  torch::Tensor next_token_log_probs(const PackedTokens& packed) const;

  // [N, E] after the final norm, in what the model computes in.
  torch::Tensor hidden(const PackedTokens& packed) const { return backbone_->forward(packed); }
  // float32 [..., V] of hidden states [..., E].
  torch::Tensor logits(const torch::Tensor& hidden) const { return at::linear(hidden, head_VE_).to(torch::kFloat32); }

  // Writes config.json and model.safetensors into the folder, which it makes; transformers opens it.
  void save(const std::filesystem::path& folder) const;

 private:
  CausalLM(ModelConfig config, Parameters parameters);

  torch::Tensor head_VE_;
};

}  // namespace ballast
