#include "workers/generation/generator.h"

#include <torch/torch.h>

namespace ballast {
namespace {

// The rows that still grow, as one packed batch.
PackedTokens pack(const std::vector<TokenIds>& sequences, const std::vector<std::size_t>& rows) {
  TokenIds tokens, positions;
  std::vector<std::int64_t> cu_lengths{0};
  for (const auto row : rows) {
    tokens.insert(tokens.end(), sequences[row].begin(), sequences[row].end());
    for (std::size_t i = 0; i < sequences[row].size(); ++i) positions.push_back(static_cast<std::int64_t>(i));
    cu_lengths.push_back(static_cast<std::int64_t>(tokens.size()));
  }
  return {.tokens_N = at::tensor(tokens, at::kLong),
          .positions_N = at::tensor(positions, at::kLong),
          .cu_lengths = cu_lengths};
}

}  // namespace

std::vector<TokenIds> Generator::continue_prompts(CausalLM& model, const Generate& command) const {
  const torch::NoGradGuard no_grad;
  auto sequences = command.prompts;
  std::vector<TokenIds> responses(sequences.size());
  while (true) {
    std::vector<std::size_t> growing;
    for (std::size_t row = 0; row < sequences.size(); ++row) {
      const bool ended = !responses[row].empty() && responses[row].back() == config_.eos_token;
      if (!ended && static_cast<std::int64_t>(sequences[row].size()) < command.max_length) growing.push_back(row);
    }
    if (growing.empty()) return responses;
    const auto packed = pack(sequences, growing);
    const std::vector<std::int64_t> ends(packed.cu_lengths.begin() + 1, packed.cu_lengths.end());
    const auto last_hidden = model.hidden(packed).index_select(0, at::tensor(ends, at::kLong) - 1);
    const auto logits = model.logits(last_hidden) / config_.temperature;
    for (std::size_t i = 0; i < growing.size(); ++i) {
      const auto row = growing[i];
      const DrawKey key{.seed = seed_,
                        .iteration = command.iteration,
                        .row_id = command.row_ids[row],
                        .position = static_cast<std::int64_t>(sequences[row].size())};
      const auto token = token_at(logits[static_cast<std::int64_t>(i)], uniform(key));
      sequences[row].push_back(token);
      responses[row].push_back(token);
    }
  }
}

}  // namespace ballast
