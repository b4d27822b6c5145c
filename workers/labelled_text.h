// The language-model loss on rows of text, packed. N tokens.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "workers/commands.h"
#include "workers/model/causal_lm.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

PackedTokens packed_text(const std::vector<LabelledRow>& rows);

// [N] bool, for each token of the packed rows: is its follower a target.
at::Tensor next_is_target(const std::vector<LabelledRow>& rows);

// float32 [N]: log-probability of each token's follower where that is a target, else 0.
at::Tensor target_log_probs(const CausalLM& model, const std::vector<LabelledRow>& rows);

// []: what log-probabilities of targets add to the loss of a mini-batch with that many targets: -sum log p / targets.
at::Tensor text_loss(const at::Tensor& target_log_probs, std::int64_t targets);

// []: the loss of a micro-batch; those of all micro-batches are summed. Differentiable in the model's parameters.
at::Tensor text_loss(const CausalLM& model, const std::vector<LabelledRow>& rows, std::int64_t targets);

}  // namespace ballast
