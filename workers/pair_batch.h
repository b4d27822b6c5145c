// A micro-batch of pairs as models and losses take it. B pairs, N tokens of their 2B sequences, L the longest of these.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "algorithms/preference_loss.h"
#include "workers/commands.h"
#include "workers/model/packed_tokens.h"

namespace ballast {

struct PairBatch {
  PackedTokens packed;  // the B preferred sequences, then the B others
  TokenPairs pairs;
  at::Tensor safety_sign_2B;

  // Throws std::invalid_argument when there is a sequence without tokens.
  static PairBatch from_rows(const std::vector<PairRow>& rows);

  // The same pairs on that device.
  PairBatch to(c10::Device device) const;

  // Scores [N] of the packed tokens -> [2B, L]. A sequence that has ended keeps the score of its last token: the
  // reference scores its padding instead, which matters to the token-wise loss alone. Differentiable.
  at::Tensor by_position(const at::Tensor& scores_N) const;
};

}  // namespace ballast
