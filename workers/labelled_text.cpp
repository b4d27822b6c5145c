#include "workers/labelled_text.h"

#include <torch/types.h>

namespace ballast {

PackedTokens packed_text(const std::vector<LabelledRow>& rows) {
  std::vector<TokenIds> sequences;
  sequences.reserve(rows.size());
  for (const auto& row : rows) sequences.push_back(row.tokens);
  return PackedTokens::from_sequences(sequences);
}

at::Tensor next_is_target(const std::vector<LabelledRow>& rows) {
  std::vector<std::int64_t> targets;
  for (const auto& row : rows) {
    if (row.labelled.empty()) continue;
    targets.insert(targets.end(), row.labelled.begin() + 1, row.labelled.end());
    targets.push_back(0);
  }
  return at::tensor(targets, at::kLong).to(at::kBool);
}

at::Tensor target_log_probs(const CausalLM& model, const std::vector<LabelledRow>& rows) {
  return model.next_token_log_probs(packed_text(rows).to(model.device()), next_is_target(rows).to(model.device()));
}

at::Tensor text_loss(const at::Tensor& target_log_probs, std::int64_t targets) {
  return -target_log_probs.sum() / targets;
}

at::Tensor text_loss(const CausalLM& model, const std::vector<LabelledRow>& rows, std::int64_t targets) {
  const auto loss = [&](const at::Tensor& log_probs_m, const at::Tensor&) { return text_loss(log_probs_m, targets); };
  const auto packed = packed_text(rows).to(model.device());
  return model.next_token_loss(model.hidden(packed), packed, next_is_target(rows).to(model.device()), loss).loss;
}

}  // namespace ballast
