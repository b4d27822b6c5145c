// The rows of a prompt file, ready for a model.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "workers/data/tokenizer.h"

namespace ballast {

// Plain: the text as it is. Conversation: the user's turn of a Safe RLHF conversation, as `format_prompt` has it.
enum class PromptFormat : std::uint8_t { Plain, Conversation };

inline constexpr std::array<std::pair<PromptFormat, std::string_view>, 2> prompt_format_names{{
    {PromptFormat::Plain, "plain"},
    {PromptFormat::Conversation, "conversation"},
}};
constexpr const auto& enum_names(PromptFormat) { return prompt_format_names; }

struct PromptOfRow {
  nlohmann::json row;  // as it was read
  TokenIds prompt;     // at least one id
};

// What the prompts must suit.
struct PromptLimits {
  const Tokenizer* tokenizer = nullptr;  // nullptr: the model has none, rows give ids
  PromptFormat format = PromptFormat::Plain;
  std::int64_t vocab = 0;
  std::int64_t max_length = 0;
};

// Rows give `input_ids`, a list of ids, or else `prompt`: a text, or for a conversation also the list of its turns.
// Throws UserError that names file, line and field.
std::vector<PromptOfRow> read_prompt_rows(const std::filesystem::path& file, const PromptLimits& limits);

}  // namespace ballast
