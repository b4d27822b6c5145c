#include "workers/model/packed_tokens.h"

#include <torch/types.h>

#include <algorithm>
#include <stdexcept>

namespace ballast {
namespace {

// Sequence of each token, [N].
at::Tensor sequence_of(const PackedTokens& packed) {
  const auto bounds = at::tensor(packed.cu_lengths, at::kLong).to(packed.tokens_N.device());
  return at::repeat_interleave(bounds.diff());
}

// Which tokens have an index in [B, T], and which.
struct Cells {
  at::Tensor rows_M;   // of [N]
  at::Tensor cells_M;  // of [B * T]
};

Cells prediction_cells(const PackedTokens& packed, std::int64_t T) {
  const at::Tensor& columns_N = packed.columns_N.defined() ? packed.columns_N : packed.positions_N;
  const at::Tensor rows_M = (columns_N < T).nonzero().squeeze(1);
  const at::Tensor cells_N = sequence_of(packed) * T + columns_N;
  return {.rows_M = rows_M, .cells_M = cells_N.index_select(0, rows_M)};
}

}  // namespace

PackedTokens PackedTokens::from_sequences(const std::vector<std::vector<std::int64_t>>& sequences) {
  std::vector<std::int64_t> tokens, positions, cu_lengths{0};
  for (const auto& sequence : sequences) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    for (std::size_t i = 0; i < sequence.size(); ++i) positions.push_back(static_cast<std::int64_t>(i));
    cu_lengths.push_back(static_cast<std::int64_t>(tokens.size()));
  }
  return {.tokens_N = torch::tensor(tokens, torch::kLong),
          .positions_N = torch::tensor(positions, torch::kLong),
          .cu_lengths = std::move(cu_lengths)};
}

PackedTokens PackedTokens::from_padded(const at::Tensor& tokens_BL, const at::Tensor& mask_BL) {
  if (tokens_BL.dim() != 2 || mask_BL.sizes() != tokens_BL.sizes())
    throw std::invalid_argument("padded tokens and their mask must both be [rows, width]");
  const at::Tensor kept_BL = mask_BL.to(at::kBool);
  const at::Tensor cells_N = kept_BL.flatten().nonzero().squeeze(1);
  const at::Tensor ends_B = kept_BL.sum(1).cumsum(0).cpu();
  std::vector<std::int64_t> cu_lengths(ends_B.size(0) + 1, 0);
  std::copy_n(ends_B.const_data_ptr<std::int64_t>(), ends_B.size(0), cu_lengths.begin() + 1);
  const at::Tensor positions_BL = kept_BL.to(at::kLong).cumsum(1) - 1;
  return {.tokens_N = tokens_BL.flatten().index_select(0, cells_N),
          .positions_N = positions_BL.flatten().index_select(0, cells_N),
          .cu_lengths = std::move(cu_lengths),
          .columns_N = cells_N.remainder(std::max<std::int64_t>(tokens_BL.size(1), 1))};
}

PackedTokens PackedTokens::from_right_padded(const at::Tensor& tokens_BL, const at::Tensor& lengths_B) {
  if (tokens_BL.dim() != 2 || lengths_B.dim() != 1 || lengths_B.size(0) != tokens_BL.size(0))
    throw std::invalid_argument("padded tokens must be [rows, width] and lengths [rows]");
  const auto columns_L = at::arange(tokens_BL.size(1), lengths_B.options());
  return from_padded(tokens_BL, columns_L.unsqueeze(0) < lengths_B.unsqueeze(1));
}

PackedTokens PackedTokens::to(c10::Device device) const {
  return {.tokens_N = tokens_N.to(device),
          .positions_N = positions_N.to(device),
          .cu_lengths = cu_lengths,
          .columns_N = columns_N.defined() ? columns_N.to(device) : columns_N};
}

NextTokens next_tokens(const PackedTokens& packed, const at::Tensor& wanted_N) {
  const at::Tensor sequences_N = sequence_of(packed);
  const std::int64_t N = packed.tokens();
  if (N == 0) return {.rows_M = at::empty_like(packed.tokens_N), .ids_M = at::empty_like(packed.tokens_N)};
  at::Tensor followed = sequences_N.narrow(0, 0, N - 1) == sequences_N.narrow(0, 1, N - 1);
  if (wanted_N.defined()) followed = followed & wanted_N.narrow(0, 0, N - 1);
  const at::Tensor rows_M = followed.nonzero().squeeze(1);
  return {.rows_M = rows_M, .ids_M = packed.tokens_N.index_select(0, rows_M + 1)};
}

at::Tensor unpack_next_token(const at::Tensor& values_N, const PackedTokens& packed, std::int64_t T) {
  const auto [rows_M, cells_M] = prediction_cells(packed, T);
  return at::zeros({packed.sequences() * T}, values_N.options())
      .index_copy(0, cells_M, values_N.index_select(0, rows_M))
      .view({packed.sequences(), T});
}

at::Tensor pack_next_token(const at::Tensor& values_BT, const PackedTokens& packed) {
  const auto [rows_M, cells_M] = prediction_cells(packed, values_BT.size(1));
  return at::zeros({packed.tokens()}, values_BT.options())
      .index_copy(0, rows_M, values_BT.flatten().index_select(0, cells_M));
}

}  // namespace ballast
