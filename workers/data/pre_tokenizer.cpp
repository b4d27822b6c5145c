#include "workers/data/pre_tokenizer.h"

#include <string>

namespace ballast {

void for_each_word(std::string_view text, std::span<const PreTokenizerStep> steps,
                   const std::function<void(std::string_view)>& visit) {
  if (steps.empty()) {
    visit(text);
    return;
  }
  const auto& step = steps.front();
  std::string with_space;
  if (step.add_prefix_space && !text.starts_with(' ')) {
    with_space = ' ';
    text = with_space += text;
  }
  if (!step.regex) {
    for_each_word(text, steps.subspan(1), visit);
    return;
  }
  for (const auto piece : step.regex->isolate(text)) {
    for_each_word(piece, steps.subspan(1), visit);
  }
}

}  // namespace ballast
