// Settings of generation that are not about which token is drawn.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

namespace ballast {

// Whose log-probs of a response the learner takes as the old ones: those of decoding, or those of the training forward.
enum class OldLogProbs : std::uint8_t { Recompute, Generation };

inline constexpr std::array<std::pair<OldLogProbs, std::string_view>, 2> old_log_probs_names{{
    {OldLogProbs::Recompute, "recompute"},
    {OldLogProbs::Generation, "generation"},
}};
constexpr const auto& enum_names(OldLogProbs) { return old_log_probs_names; }

struct GenerationConfig {
  // Products of fewer than 16 float32 rows have other bits: a row's result must not depend on how many there are.
  static constexpr std::int64_t rows_multiple = 16;

  std::int64_t slots = rows_multiple;
  OldLogProbs old_log_probs = OldLogProbs::Recompute;

  template <typename Fields>
  void describe(Fields& field) {
    field("slots", slots, "sequences that grow at once, a multiple of 16; the result does not depend on it")
        .at_least(rows_multiple);
    field(
        "old_log_probs", old_log_probs,
        "log-probs of responses as the learner's old policy: recompute (by a training forward) or generation (faster)");
  }
};

}  // namespace ballast
