#include "launch/prompt_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "workers/data/json_rows.h"
#include "workers/data/row_text.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

TokenIds encoded_prompt(const RowFields& row, const PromptLimits& limits) {
  if (!limits.tokenizer)
    throw UnusableRow("field 'input_ids': found none; allowed: a list of ids, as the model's folder has no tokenizer");
  const auto& eos_text = limits.tokenizer->special_tokens().eos_text;
  return limits.tokenizer->encode(prompt_text(prompt_turns(row, {}), limits.format, eos_text));
}

TokenIds prompt_of(const RowFields& row, const PromptLimits& limits) {
  auto prompt = row.given("input_ids") ? row.ids("input_ids") : encoded_prompt(row, limits);
  const auto length = static_cast<std::int64_t>(prompt.size());
  if (length == 0 || length > limits.max_length)
    throw UnusableRow(
        fmt::format("the prompt: found {} tokens; allowed: 1 to {}, the model's positions", length, limits.max_length));
  const auto outside = std::ranges::find_if(prompt, [&](std::int64_t id) { return id >= limits.vocab; });
  if (outside != prompt.end())
    throw UnusableRow(
        fmt::format("the prompt: found id {}; the model has ids from 0 to {}", *outside, limits.vocab - 1));
  return prompt;
}

}  // namespace

std::vector<PromptOfRow> read_prompt_rows(const std::filesystem::path& file, const PromptLimits& limits) {
  std::vector<PromptOfRow> rows;
  for (auto& [value, line] : read_json_rows(file)) {
    try {
      auto prompt = prompt_of(RowFields(value), limits);
      rows.push_back({.row = std::move(value), .prompt = std::move(prompt)});
    } catch (const UnusableRow& reason) {
      throw UserError(fmt::format("{}:{}: {}", file.string(), line, reason.what()));
    }
  }
  return rows;
}

}  // namespace ballast
