#include "workers/generation/generator.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "workers/generation/end_tokens.h"

namespace ballast {
namespace {

// Longest row of the command, prompt and response together; 1 if there is none.
std::int64_t longest_row(const std::vector<std::int64_t>& limits) {
  return limits.empty() ? 1 : std::max<std::int64_t>(1, *std::max_element(limits.begin(), limits.end()));
}

// One call of continue_prompts. Limits count the tokens that a row may have, prompt included.
class Generation {
 public:
  Generation(Decoder& decoder, const Generate& command, const GeneratorSettings& settings)
      : decoder_(decoder),
        command_(command),
        settings_(settings),
        limits_(limits_of(command, settings.sampling)),
        growing_(settings.slots),
        responses_(command.prompts.size()) {
    decoder_.begin(longest_row(limits_));
  }

  std::vector<Response> run(const Generator::OnResponse& on_response) {
    on_response_ = on_response;
    while (true) {
      while (admit()) {
      }
      if (std::ranges::none_of(growing_, [](const auto& sequence) { return sequence.has_value(); })) return responses_;
      decode();
    }
  }

 private:
  // The sequence in a slot.
  struct Growing {
    std::size_t row = 0;
    std::int64_t length = 0;  // prompt and response
    TokenIds seen = {};       // distinct ids of both
  };

  static std::vector<std::int64_t> limits_of(const Generate& command, const SamplingConfig& sampling) {
    std::vector<std::int64_t> limits;
    for (const auto& prompt : command.prompts) {
      const auto length = static_cast<std::int64_t>(prompt.size());
      limits.push_back(std::min(command.max_length, length + sampling.max_new_tokens.value_or(command.max_length)));
    }
    return limits;
  }

  // Fills the free slots with the next prompts and draws their first tokens. False: nothing was to do.
  bool admit() {
    std::vector<Prefill> prefills;
    for (std::size_t slot = 0; slot < growing_.size(); ++slot) {
      if (growing_[slot]) continue;
      pass_full_rows();
      if (next_row_ == command_.prompts.size()) break;
      const auto& prompt = command_.prompts[next_row_];
      TORCH_CHECK(!prompt.empty(), "row ", command_.row_ids[next_row_], " has an empty prompt");
      auto& sequence =
          growing_[slot].emplace(Growing{.row = next_row_++, .length = static_cast<std::int64_t>(prompt.size())});
      for (const auto token : prompt) see(sequence, token);
      prefills.push_back(
          {.slot = static_cast<std::int64_t>(slot), .prompt = prompt, .situation = situation_of(sequence)});
    }
    if (prefills.empty()) return false;
    const auto choices = decoder_.prefill(prefills);
    for (std::size_t i = 0; i < prefills.size(); ++i) extend(prefills[i].slot, choices[i]);
    return true;
  }

  void pass_full_rows() {
    for (; next_row_ < command_.prompts.size(); ++next_row_) {
      if (static_cast<std::int64_t>(command_.prompts[next_row_].size()) < limits_[next_row_]) return;
      report(next_row_);
    }
  }

  void decode() {
    std::vector<Continuation> continuations;
    for (std::size_t slot = 0; slot < growing_.size(); ++slot) {
      if (!growing_[slot]) continue;
      continuations.push_back({.slot = static_cast<std::int64_t>(slot),
                               .token = responses_[growing_[slot]->row].tokens.back(),
                               .position = growing_[slot]->length - 1,
                               .situation = situation_of(*growing_[slot])});
    }
    const auto choices = decoder_.decode(continuations);
    for (std::size_t i = 0; i < continuations.size(); ++i) extend(continuations[i].slot, choices[i]);
  }

  // Of the choice of the sequence's next token.
  Situation situation_of(const Growing& sequence) const {
    const auto made = static_cast<std::int64_t>(responses_[sequence.row].tokens.size());
    return {.seen = sequence.seen,
            .may_end = made >= settings_.sampling.min_new_tokens,
            .draw = uniform({.seed = settings_.seed,
                             .iteration = command_.iteration,
                             .row_id = command_.row_ids[sequence.row],
                             .position = sequence.length})};
  }

  // Appends the token to the slot's sequence; frees the slot when the response is complete.
  void extend(std::int64_t slot, const Choice& choice) {
    auto& sequence = *growing_[slot];
    auto& response = responses_[sequence.row];
    response.tokens.push_back(choice.token);
    response.log_probs.push_back(choice.log_prob);
    response.sampling_log_probs.push_back(choice.sampling_log_prob);
    see(sequence, choice.token);
    ++sequence.length;
    if (!ends(response.tokens, settings_.end_tokens) && sequence.length < limits_[sequence.row]) return;
    report(sequence.row);
    growing_[slot].reset();
  }

  // Only the penalty asks what was seen.
  void see(Growing& sequence, std::int64_t token) const {
    if (settings_.sampling.repetition_penalty == 1.0) return;
    if (std::ranges::find(sequence.seen, token) == sequence.seen.end()) sequence.seen.push_back(token);
  }

  void report(std::size_t row) const {
    if (on_response_) on_response_(row, responses_[row]);
  }

  Decoder& decoder_;
  const Generate& command_;
  const GeneratorSettings& settings_;
  std::vector<std::int64_t> limits_;
  std::vector<std::optional<Growing>> growing_;  // by slot
  std::size_t next_row_ = 0;
  std::vector<Response> responses_;
  Generator::OnResponse on_response_;
};

}  // namespace

Generator::Generator(const CausalLM& model, GeneratorSettings settings)
    : settings_(std::move(settings)),
      decoder_(make_decoder(
          model, {.sampling = settings_.sampling, .end_tokens = settings_.end_tokens, .slots = settings_.slots})) {}

bool Generator::ended(const TokenIds& response) const { return ends(response, settings_.end_tokens); }

std::vector<Response> Generator::continue_prompts(const Generate& command, const OnResponse& on_response) {
  const c10::InferenceMode no_autograd;  // nothing of it is kept: responses are plain numbers
  return Generation(*decoder_, command, settings_).run(on_response);
}

}  // namespace ballast
