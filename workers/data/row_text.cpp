#include "workers/data/row_text.h"

#include <fmt/format.h>

#include "workers/data/prompt_format.h"

namespace ballast {
namespace {

bool is_instruction(const RowFields& row, const RowKeys& keys) {
  return !row.given(keys.prompt) && row.given(keys.instruction);
}

}  // namespace

bool is_text(const RowFields& row, const RowKeys& keys) {
  return !row.given(keys.prompt) && !row.given(keys.instruction) && row.given(keys.text);
}

std::vector<std::string> prompt_turns(const RowFields& row, const RowKeys& keys) {
  if (!is_instruction(row, keys)) {
    return row.turns(keys.prompt);
  }
  auto instruction = row.text(keys.instruction);
  const auto input = row.given(keys.input) ? row.text(keys.input) : "";
  return {input.empty() ? instruction : instruction + " " + input};
}

std::string prompt_text(const std::vector<std::string>& turns, TextFormat format, std::string_view eos_text) {
  if (format == TextFormat::Plain) {
    if (turns.size() != 1) {
      throw UnusableRow(fmt::format("the prompt has {} turns; allowed in the plain format: one text", turns.size()));
    }
    return turns.front();
  }
  if (!ends_with_user_turn(turns)) {
    throw UnusableRow(fmt::format("the prompt has {} turns and does not end with a user's", turns.size()));
  }
  return format_prompt(turns, eos_text);
}

std::string response_text(const RowFields& row, const RowKeys& keys) {
  return row.text(is_instruction(row, keys) ? keys.output : keys.response);
}

}  // namespace ballast
