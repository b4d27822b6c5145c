#include "workers/data/prompt_format.h"

#include <stdexcept>

#include <fmt/format.h>

namespace ballast {

std::string format_user_turn(std::string_view text) { return fmt::format("USER: {} ASSISTANT:", text); }

std::string format_assistant_turn(std::string_view text, std::string_view eos_text) {
  return fmt::format("{}{}", text, eos_text);
}

bool is_user_turn(std::size_t index) { return index % 2 == 0; }

bool ends_with_user_turn(std::span<const std::string> turns) {
  return !turns.empty() && is_user_turn(turns.size() - 1);
}

std::string format_prompt(std::span<const std::string> turns, std::string_view eos_text) {
  if (!ends_with_user_turn(turns)) {
    throw std::invalid_argument(
        fmt::format("a prompt must end with a user turn, so its number of turns must be odd, not {}", turns.size()));
  }
  std::string text(conversation_begin);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    text += is_user_turn(i) ? format_user_turn(turns[i]) : format_assistant_turn(turns[i], eos_text);
  }
  return text;
}

}  // namespace ballast
