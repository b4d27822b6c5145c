// Sums and means over the masked positions of each row.
// B rows (samples), T positions. A mask is bool; true: the position counts.
#pragma once
#include <torch/types.h>

#include <cstdint>

namespace ballast {

/// [B]: sum of each row's masked elements; an empty row gives 0.
torch::Tensor masked_row_sum(const torch::Tensor& x_BT, const torch::Tensor& mask_BT);

/// [B]: mean of each row's masked elements; an empty row gives NaN (0/0), and so does its gradient.
torch::Tensor masked_row_mean(const torch::Tensor& x_BT, const torch::Tensor& mask_BT);

/// [B]: mean of each row's masked elements; an empty row gives 0 and a gradient of 0.
torch::Tensor masked_row_mean_or_zero(const torch::Tensor& x_BT, const torch::Tensor& mask_BT);

/// []: mean over rows of each row's masked mean, not the mean over all tokens. One empty row makes it NaN.
torch::Tensor masked_mean(const torch::Tensor& x_BT, const torch::Tensor& mask_BT);

/// []: what these rows add to the masked mean of a mini-batch that has `mini_batch_rows` rows with a response. Shares
/// of all micro-batches are summed, never averaged. Rows with an empty response add 0 and are not counted.
torch::Tensor masked_mean_share(const torch::Tensor& x_BT, const torch::Tensor& mask_BT, std::int64_t mini_batch_rows);

/// [B, T]: what `masked_mean_share` multiplies each element with, its gradient.
torch::Tensor masked_mean_share_weights(const torch::Tensor& mask_BT, std::int64_t mini_batch_rows);

/// Number of rows with at least one masked position; summed over micro-batches it is `mini_batch_rows`.
std::int64_t count_nonempty_rows(const torch::Tensor& mask_BT);

/// [B] int64: index of each row's last masked position, whatever padding or holes come before; -1 for an empty row.
torch::Tensor last_masked_index(const torch::Tensor& mask_BT);

/// [B, T] bool mask of our own pipeline, T = max_length - 1, lengths and prompt lengths [B] int64 in tokens: position t
/// predicts token t + 1, so it counts iff that token belongs to the response: prompt_length - 1 <= t < length - 1.
torch::Tensor response_mask(const torch::Tensor& prompt_lengths_B, const torch::Tensor& lengths_B, std::int64_t T);

}  // namespace ballast
