#include "workers/pair_batch.h"

#include <torch/types.h>

#include <algorithm>
#include <stdexcept>

namespace ballast {
namespace {

constexpr std::int64_t no_token = -1;  // pads rows; equal to no token, so that a beginning of a text differs from it

at::Tensor lengths_of(const PackedTokens& packed) {
  return at::tensor(packed.cu_lengths, at::kLong).diff().to(packed.tokens_N.device());
}

}  // namespace

PairBatch PairBatch::from_rows(const std::vector<PairRow>& rows) {
  std::vector<TokenIds> sequences;
  std::vector<std::int64_t> signs;
  const auto append = [&](const TokenIds& sequence, int sign) {
    if (sequence.empty()) throw std::invalid_argument("a response without tokens");
    sequences.push_back(sequence);
    signs.push_back(sign);
  };
  for (const auto& row : rows) append(row.preferred, row.preferred_sign);
  for (const auto& row : rows) append(row.other, row.other_sign);

  std::size_t longest = 0;
  for (const auto& sequence : sequences) longest = std::max(longest, sequence.size());
  const auto count = static_cast<std::int64_t>(sequences.size());
  const auto ids_2BL = at::full({count, static_cast<std::int64_t>(longest)}, no_token, at::kLong);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto& sequence = sequences[i];
    ids_2BL[i].narrow(0, 0, static_cast<std::int64_t>(sequence.size())).copy_(at::tensor(sequence, at::kLong));
  }
  const auto ids = ids_2BL.chunk(2);
  return {.packed = PackedTokens::from_sequences(sequences),
          .pairs = {.preferred_ids_BL = ids[0],
                    .preferred_mask_BL = ids[0] != no_token,
                    .other_ids_BL = ids[1],
                    .other_mask_BL = ids[1] != no_token},
          .safety_sign_2B = at::tensor(signs, at::kLong)};
}

PairBatch PairBatch::to(c10::Device device) const {
  return {.packed = packed.to(device),
          .pairs = {.preferred_ids_BL = pairs.preferred_ids_BL.to(device),
                    .preferred_mask_BL = pairs.preferred_mask_BL.to(device),
                    .other_ids_BL = pairs.other_ids_BL.to(device),
                    .other_mask_BL = pairs.other_mask_BL.to(device)},
          .safety_sign_2B = safety_sign_2B.to(device)};
}

at::Tensor PairBatch::by_position(const at::Tensor& scores_N) const {
  const auto length_2B1 = lengths_of(packed).unsqueeze(1);
  const auto begin_2B1 = length_2B1.cumsum(0) - length_2B1;
  const auto position_L = at::arange(pairs.preferred_ids_BL.size(1), length_2B1.options());
  const auto token_2BL = begin_2B1 + at::minimum(position_L.unsqueeze(0), length_2B1 - 1);
  return scores_N.index_select(0, token_2BL.flatten()).view(token_2BL.sizes());
}

}  // namespace ballast
