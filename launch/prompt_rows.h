// The rows of a prompt file, ready for a model.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "workers/data/dataset_config.h"
#include "workers/data/tokenizer.h"

namespace ballast {

struct PromptOfRow {
  nlohmann::json row;  // as it was read
  TokenIds prompt;     // at least one id
};

// What the prompts must suit.
struct PromptLimits {
  const Tokenizer* tokenizer = nullptr;  // nullptr: the model has none, rows must give ids
  TextFormat format = TextFormat::Plain;
  std::int64_t vocab = 0;
  std::int64_t max_length = 0;
};

// Rows give `input_ids`, a list of ids, or else `prompt` as data sets do. Throws UserError that names file, line and
// field.
std::vector<PromptOfRow> read_prompt_rows(const std::filesystem::path& file, const PromptLimits& limits);

}  // namespace ballast
