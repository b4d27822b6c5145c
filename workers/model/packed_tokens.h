// Sequences laid end to end without padding: what models compute on. N tokens of B sequences.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace ballast {

// Sequence b is the tokens from cu_lengths[b] to cu_lengths[b + 1]; it may be empty.
struct PackedTokens {
  at::Tensor tokens_N;                   // int64
  at::Tensor positions_N;                // int64: the token's place in its sequence
  std::vector<std::int64_t> cu_lengths;  // [B + 1], starts with 0, ends with N
  at::Tensor columns_N = {};             // int64: the token's place in its padded row; undefined: no row was padded

  std::int64_t sequences() const { return static_cast<std::int64_t>(cu_lengths.size()) - 1; }
  std::int64_t tokens() const { return cu_lengths.back(); }
  std::int64_t length(std::int64_t sequence) const { return cu_lengths.at(sequence + 1) - cu_lengths.at(sequence); }

  // Lays the sequences end to end; positions count from 0 in each.
  static PackedTokens from_sequences(const std::vector<std::vector<std::int64_t>>& sequences);
  // Drops the tokens of tokens_BL [B, L] int64 that mask_BL [B, L] does not have, wherever they are. Positions count
  // the tokens that are left: padding does not move them. Throws std::invalid_argument for shapes that do not agree.
  static PackedTokens from_padded(const at::Tensor& tokens_BL, const at::Tensor& mask_BL);
  // The same for rows padded on the right: row b has lengths_B[b] tokens (int64, prompt and response together).
  static PackedTokens from_right_padded(const at::Tensor& tokens_BL, const at::Tensor& lengths_B);
  // The same tokens on that device.
  PackedTokens to(c10::Device device) const;
};

// The tokens that have a follower in their sequence, and whose follower is wanted (bool [N]; undefined: all are): M of
// the N, and the followers' ids.
struct NextTokens {
  at::Tensor rows_M;  // int64, ascending
  at::Tensor ids_M;   // int64
};
NextTokens next_tokens(const PackedTokens& packed, const at::Tensor& wanted_N = {});

// values_N [N] in the layout of predictions, [B, T] with T = L - 1: index t has the value of the token in column t,
// which predicts the one in column t + 1; zero where there is no token. Values of tokens in column T predict nothing
// and are dropped. Differentiable.
at::Tensor unpack_next_token(const at::Tensor& values_N, const PackedTokens& packed, std::int64_t T);

// The inverse: values_BT [B, T] at the packed tokens [N], zero for tokens in column T. Differentiable.
at::Tensor pack_next_token(const at::Tensor& values_BT, const PackedTokens& packed);

}  // namespace ballast
