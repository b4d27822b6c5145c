#include "launch/score_items.h"

#include <fmt/format.h>

#include <algorithm>

#include "workers/data/row_fields.h"
#include "workers/data/row_text.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr auto input_ids = "input_ids";
constexpr auto output_ids = "output_ids";

bool has_ended(const RowFields& row) {
  if (row.given("ended")) return row.flag("ended");
  return !row.given("finish_reason") || row.text("finish_reason") == "eos";
}

// What annotators said of a pair is read for the accuracy at the end: a malformed annotation is to be found now.
void check_annotations(const RowFields& row, const RowKeys& keys) {
  for (const auto& key : {keys.better, keys.safer}) {
    if (row.given(key)) row.choice(key);
  }
  for (const auto& key : keys.is_safe) {
    if (row.given(key)) row.flag(key);
  }
}

// The responses of a row with the suffix of each.
std::vector<std::pair<std::string, std::string>> responses_of(const RowFields& row, const ItemOptions& options) {
  const auto& keys = options.keys;
  if (!options.pairs) return {{"", response_text(row, keys)}};
  check_annotations(row, keys);
  return {{"_0", row.text(keys.responses[0])}, {"_1", row.text(keys.responses[1])}};
}

ScoreItem item_of_ids(const RowFields& row) {
  ScoreItem item{.tokens = row.ids(input_ids)};
  if (row.given(output_ids)) {
    const auto output = row.ids(output_ids);
    item.prompt_length = item.tokens.size();
    item.tokens.insert(item.tokens.end(), output.begin(), output.end());
  }
  return item;
}

std::vector<ScoreItem> items_of_texts(const RowFields& row, const ItemOptions& options, const Tokenizer& tokenizer) {
  const auto& keys = options.keys;
  if (!options.pairs && is_text(row, keys)) return {{.tokens = tokenizer.encode(row.text(keys.text))}};
  const auto& eos_text = tokenizer.special_tokens().eos_text;
  const auto prompt = prompt_text(prompt_turns(row, keys), options.format, eos_text);
  const auto prompt_length = tokenizer.encode(prompt).size();
  std::vector<ScoreItem> items;
  for (const auto& [suffix, response] : responses_of(row, options)) {
    auto tokens = tokenizer.encode(prompt + response + (has_ended(row) ? eos_text : ""));
    const auto before_response = std::min(prompt_length, tokens.size());
    items.push_back({.suffix = suffix, .tokens = std::move(tokens), .prompt_length = before_response});
  }
  return items;
}

void check_tokens(const TokenIds& tokens, const TokenModel& model) {
  if (tokens.empty()) throw UnusableRow("it has no tokens");
  if (static_cast<std::int64_t>(tokens.size()) > model.max_positions) {
    throw UnusableRow(fmt::format("it has more tokens than the model's {} positions", model.max_positions));
  }
  const auto largest = std::ranges::max(tokens);
  if (largest >= model.vocab) {
    throw UnusableRow(fmt::format("found token id {}; allowed: below {}", largest, model.vocab));
  }
}

}  // namespace

std::vector<ScoreItem> items_for_model(const nlohmann::json& json, const ItemOptions& options,
                                       const TokenModel& model) {
  const RowFields row(json);
  std::vector<ScoreItem> items;
  if (row.given(input_ids) && !options.pairs) {
    items.push_back(item_of_ids(row));
  } else if (model.tokenizer != nullptr) {
    items = items_of_texts(row, options, *model.tokenizer);
  } else {
    throw UserError(fmt::format("{}: has no tokenizer; allowed then: rows with {}", model.folder.string(), input_ids));
  }
  for (const auto& item : items) check_tokens(item.tokens, model);
  return items;
}

std::vector<ScoreItem> items_for_rule(const nlohmann::json& json, const ItemOptions& options) {
  const RowFields row(json);
  const auto& keys = options.keys;
  const bool ended = has_ended(row);
  if (!options.pairs && is_text(row, keys)) {
    return {{.completion = {.prompt = "", .response = row.text(keys.text), .ended = ended}}};
  }
  // A rule sees the words of the last turn, without the format's own.
  const auto prompt = prompt_turns(row, keys).back();
  std::vector<ScoreItem> items;
  for (const auto& [suffix, response] : responses_of(row, options)) {
    items.push_back({.suffix = suffix, .completion = {.prompt = prompt, .response = response, .ended = ended}});
  }
  return items;
}

}  // namespace ballast
