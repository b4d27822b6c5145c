// A sequence's score is the score at its last token. B sequences, L positions, H hidden size, D score dimensions (1).
#pragma once
#include <torch/types.h>

#include <optional>

namespace ballast {

/// [..., D] float32: W h + b at every position, hidden [..., H], weight [D, H], bias [D] if there is one.
torch::Tensor token_scores(const torch::Tensor& hidden_H, const torch::Tensor& weight_DH,
                           const std::optional<torch::Tensor>& bias_D);

/// [B] int64: index of each sequence's last masked token, whatever the padding. Throws std::invalid_argument that names
/// the row if a row has none.
torch::Tensor end_index(const torch::Tensor& mask_BL);

/// [B, D]: x [B, L, D] at each row's end index; end scores from token scores.
torch::Tensor at_end(const torch::Tensor& x_BLD, const torch::Tensor& mask_BL);

}  // namespace ballast
