// What `ballast score` scores: the sequences that a file's rows name.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "algorithms/rewards/reward_function.h"
#include "workers/data/dataset_config.h"
#include "workers/data/json_rows.h"
#include "workers/data/tokenizer.h"

namespace ballast {

// One sequence to score.
struct ScoreItem {
  std::size_t row = 0;            // index of its row
  std::string suffix;             // of the fields that its row gets: empty, or _0 and _1 of a pair
  TokenIds tokens;                // prompt and response; empty where a rule reads the text
  std::size_t prompt_length = 0;  // tokens before the response; 0: the row has no response of its own
  Completion completion;          // for a rule
};

// The model whose token ids a row gives or gets, and what it can take.
struct TokenModel {
  const Tokenizer* tokenizer = nullptr;  // null: the folder has none, rows must give ids
  std::filesystem::path folder;          // for messages
  std::int64_t vocab = 0;
  std::int64_t max_positions = 0;
};

struct ItemOptions {
  TextFormat format = TextFormat::Conversation;
  RowKeys keys;
  bool pairs = false;  // two responses a row
};

// The sequences of one row. With a model: `input_ids` with `output_ids`, if given, else prompt and response, else a
// text as it stands. A response gets the eos text unless the row says that it was cut off: `ended` is false, or
// `finish_reason` is not "eos". Throws UnusableRow, and UserError if a text needs a tokenizer that is not there.
std::vector<ScoreItem> items_for_model(const nlohmann::json& row, const ItemOptions& options, const TokenModel& model);

// The same for a rule, which reads prompt and response, or a text as a response.
std::vector<ScoreItem> items_for_rule(const nlohmann::json& row, const ItemOptions& options);

}  // namespace ballast
