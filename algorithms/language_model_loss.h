// The language-model loss of supervised fine-tuning and of PTX. B samples, L positions, N tokens, V vocabulary.
#pragma once
#include <torch/types.h>

#include <cstdint>

namespace ballast {

/// The label of positions that are not learned.
inline constexpr std::int64_t ignore_label = -100;

/// [B, L] int64: what each position must predict: labels shifted by one to the left, ignore_label at the end.
torch::Tensor next_token_targets(const torch::Tensor& labels_BL);

/// Number of targets that count; summed over micro-batches it is the `token_count` below.
std::int64_t count_targets(const torch::Tensor& targets);

/// []: cross entropy summed over the targets that count, divided by `token_count`, the count of the whole mini-batch:
/// shares of all micro-batches are summed, never averaged. logits [N, V], targets [N] int64. The reference divides each
/// micro-batch by its own count. Without any target the loss is NaN.
torch::Tensor language_model_loss(const torch::Tensor& logits_NV, const torch::Tensor& targets_N,
                                  std::int64_t token_count);

}  // namespace ballast
