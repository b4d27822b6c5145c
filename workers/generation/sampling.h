// How tokens are drawn: settings, and randomness that is counter-based, so that a draw depends on who draws it, not on
// when.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace ballast {

// Filters apply in this order, as in transformers: repetition penalty, ban of EOS, temperature, top-k, top-p.
struct SamplingConfig {
  double temperature = 1.0;
  std::int64_t top_k = 0;
  double top_p = 1.0;
  double repetition_penalty = 1.0;
  std::int64_t min_new_tokens = 0;
  std::optional<std::int64_t> max_new_tokens;
  std::optional<std::vector<std::int64_t>> eos_tokens;

  template <typename Fields>
  void describe(Fields& field) {
    field("temperature", temperature, "of the distribution that is sampled; 0: always the likeliest token")
        .at_least(0.0);
    field("top_k", top_k, "sample among the k likeliest tokens; 0: among all").at_least(0);
    field("top_p", top_p, "sample among the fewest likeliest tokens whose probabilities sum to this; 1: among all")
        .above(0.0)
        .at_most(1.0);
    field("repetition_penalty", repetition_penalty, "makes tokens of prompt and response less likely; 1: does not")
        .above(0.0);
    field("min_new_tokens", min_new_tokens, "a response does not end before").at_least(0);
    field("max_new_tokens", max_new_tokens, "a response is cut off here; null: only where the row is full").at_least(1);
    field("eos_tokens", eos_tokens, "ids that end a response; null: those of the model's folder").at_least(0);
  }
};

// Names one draw of a run.
struct DrawKey {
  std::int64_t seed = 0;
  std::int64_t iteration = 0;
  std::int64_t row_id = 0;
  std::int64_t position = 0;  // index of the token in its sequence
};

// Uniform in [0, 1), the same for the same key on every machine (Philox).
double uniform(const DrawKey& key);

}  // namespace ballast
