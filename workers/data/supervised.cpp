#include "workers/data/supervised.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "workers/data/prompt_format.h"

namespace ballast {
namespace {

// A tokenizer may join the end of one turn with the start of the next, so ends need not grow.
void forget(TokenIds& labels, std::size_t begin, std::size_t end) {
  for (auto i = begin; i < std::min(end, labels.size()); ++i) {
    labels[i] = not_learned;
  }
}

}  // namespace

SupervisedSample supervised_sample(std::string_view question, std::string_view answer, const Tokenizer& tokenizer,
                                   std::size_t max_length) {
  return supervised_dialogue(std::array{std::string(question), std::string(answer)}, tokenizer, max_length);
}

SupervisedSample supervised_text(std::string_view text, const Tokenizer& tokenizer, std::size_t max_length) {
  const auto ids =
      encode_truncated(tokenizer, fmt::format("{}{}", text, tokenizer.special_tokens().eos_text), max_length);
  return {.ids = ids, .labels = ids};
}

SupervisedSample supervised_continuation(std::string_view prompt, std::string_view response, const Tokenizer& tokenizer,
                                         std::size_t max_length) {
  auto sample = supervised_text(fmt::format("{}{}", prompt, response), tokenizer, max_length);
  forget(sample.labels, 0, tokenizer.encode(prompt).size());
  return sample;
}

SupervisedSample supervised_dialogue(std::span<const std::string> turns, const Tokenizer& tokenizer,
                                     std::size_t max_length) {
  TokenIds ids;
  std::vector<std::size_t> ends;  // of each turn, in tokens
  std::string text(conversation_begin);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    text += is_user_turn(i) ? format_user_turn(turns[i])
                            : format_assistant_turn(turns[i], tokenizer.special_tokens().eos_text);
    ids = encode_truncated(tokenizer, text, max_length);
    ends.push_back(ids.size());
  }
  auto labels = ids;
  for (std::size_t i = 0; i < turns.size(); i += 2) {
    forget(labels, i == 0 ? 0 : ends[i - 1], ends[i]);
  }
  return {.ids = ids, .labels = labels};
}

}  // namespace ballast
