// A causal language model: the actor and the reference. N tokens, E = hidden, V = vocabulary.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "workers/model/model.h"
#include "workers/model/model_source.h"
#include "workers/model/packed_tokens.h"
#include "workers/model/shards.h"
#include "workers/model/token_log_probs.h"

namespace ballast {

// What one shard of the model asks for: the backbone's parameters and the head's. Allocates none of them. Throws
// ModelError if the model cannot be cut so.
std::vector<ParameterSpec> causal_lm_parameters(const ModelConfig& config, const Shard& shard = {});

class CausalLM : public Model {
 public:
  // Reads the folder, or draws weights. Throws ModelError or SafetensorsError.
  static std::unique_ptr<CausalLM> from_source(const ModelSource& source, Use use, const ModelPlace& place = {});

  // float32 [N]: log-probability of each token's follower in its sequence, 0 at a sequence's last token and where the
  // follower is not wanted (bool [N]; undefined: all are). The head runs only where it must and never holds all logits.
  // Differentiable.
  torch::Tensor next_token_log_probs(const PackedTokens& packed, const torch::Tensor& wanted_N = {}) const {
    return next_token_log_probs(hidden(packed), packed, wanted_N);
  }
  // The same where the hidden states are known.
  torch::Tensor next_token_log_probs(const torch::Tensor& hidden_NE, const PackedTokens& packed,
                                     const torch::Tensor& wanted_N) const;

  // What log-probabilities [m] of the followers of the tokens rows_m (int64, of [N]) add to a loss: [], differentiable.
  using LossOfTokens = std::function<torch::Tensor(const torch::Tensor& log_probs_m, const torch::Tensor& rows_m)>;
  // The sum of these losses by hidden states and, as above, the log-probabilities themselves, not differentiable.
  // Cheaper than a loss on `next_token_log_probs`: the logits are made once.
  struct NextTokenLoss {
    torch::Tensor loss;
    torch::Tensor log_probs_N;
  };
  NextTokenLoss next_token_loss(const torch::Tensor& hidden_NE, const PackedTokens& packed,
                                const torch::Tensor& wanted_N, const LossOfTokens& loss_of_tokens) const;

  // [N, E] after the final norm, in what the model computes in.
  torch::Tensor hidden(const PackedTokens& packed) const { return backbone_->forward(packed); }
  // float32 [..., V] of hidden states [..., E]; of a shard, the logits of the tokens in `local_vocabulary`.
  torch::Tensor logits(const torch::Tensor& hidden) const { return at::linear(hidden, head_VE_).to(torch::kFloat32); }

  // Writes config.json and model.safetensors into the folder, which it makes; transformers opens it. All ranks that
  // hold the model together (shards, and replicas under ZeRO-1) call it; the first one writes. Whether this rank did.
  bool save(const std::filesystem::path& folder) const;

 private:
  CausalLM(ModelConfig config, Parameters parameters);
  TokenHead head() const { return {head_VE_, {.shards = shards(), .vocab = config_.vocab}}; }

  torch::Tensor head_VE_;
};

}  // namespace ballast
