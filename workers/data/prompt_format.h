// The conversation format of the Safe RLHF models.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace ballast {

inline constexpr std::string_view conversation_begin = "BEGINNING OF CONVERSATION: ";

/// "USER: {text} ASSISTANT:"; the response follows the colon without a space.
std::string format_user_turn(std::string_view text);

/// The response and the eos text.
std::string format_assistant_turn(std::string_view text, std::string_view eos_text);

/// Turns 0, 2, ... are the user's, the others the assistant's.
bool is_user_turn(std::size_t index);

/// A prompt ends with a user turn, so it has an odd number of turns.
bool ends_with_user_turn(std::span<const std::string> turns);

/// A whole conversation. Throws std::invalid_argument unless it ends with a user turn.
std::string format_prompt(std::span<const std::string> turns, std::string_view eos_text);

}  // namespace ballast
