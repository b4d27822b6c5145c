#include "workers/generation/generator.h"

#include <torch/torch.h>

namespace ballast {
std::vector<TokenIds> Generator::continue_prompts(CausalLM& model, const Generate& command) const {
  const torch::NoGradGuard no_grad;
  auto sequences = command.prompts;
  std::vector<TokenIds> responses(sequences.size());
  while (true) {
    std::vector<std::size_t> growing;
    std::vector<TokenIds> growing_sequences;
    for (std::size_t row = 0; row < sequences.size(); ++row) {
      if (ended(responses[row]) || static_cast<std::int64_t>(sequences[row].size()) >= command.max_length) continue;
      growing.push_back(row);
      growing_sequences.push_back(sequences[row]);
    }
    if (growing.empty()) return responses;
    const auto packed = PackedTokens::from_sequences(growing_sequences);
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
