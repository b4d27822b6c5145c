#include "workers/data/dataset.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "workers/data/json_rows.h"
#include "workers/data/prompt_only.h"
#include "workers/data/row_fields.h"
#include "workers/data/row_text.h"
#include "workers/data/supervised.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

/// How the rows of one data set become tokens.
struct Encoding {
  const DatasetConfig& config;
  const Tokenizer& tokenizer;
  std::size_t max_length = 0;

  const RowKeys& keys() const { return config.keys; }
  const std::string& eos_text() const { return tokenizer.special_tokens().eos_text; }
  std::string prompt_of(const RowFields& row) const {
    return prompt_text(prompt_turns(row, keys()), config.format, eos_text());
  }
};

/// Reads every file's rows by `encode`(RowFields) -> Row, which throws UnusableRow.
template <typename Encode>
auto read_rows(const DatasetConfig& config, const Encode& encode) {
  Dataset<decltype(encode(RowFields(nlohmann::json())))> dataset;
  const auto limit = static_cast<std::size_t>(config.max_rows.value_or(std::numeric_limits<std::int64_t>::max()));
  for (const auto& file : config.files()) {
    SkippedRows skipped{.file = file, .strict = config.strict, .by_reason = {}};
    const auto rows = read_json_rows(skipped);
    const auto unreadable = skipped.count();
    for (const auto& [value, line] : rows) {
      if (dataset.rows.size() == limit) break;
      try {
        dataset.rows.push_back(encode(RowFields(value)));
      } catch (const UnusableRow& reason) {
        skipped.skip(line, reason.what());
      }
    }
    const auto sentence = skipped.sentence(static_cast<std::int64_t>(rows.size()) + unreadable);
    if (!sentence.empty()) dataset.remarks.push_back(sentence);
  }
  if (dataset.rows.empty()) {
    throw UserError(fmt::format("the data set has no usable row ({})", fmt::join(dataset.remarks, "; ")));
  }
  return dataset;
}

template <typename Value>
Value unless_skipped(std::variant<Value, Skip> result) {
  if (const auto* skip = std::get_if<Skip>(&result)) {
    throw UnusableRow(skip->reason);
  }
  return std::get<Value>(std::move(result));
}

SupervisedSample supervised_row(const RowFields& row, const Encoding& encoding) {
  const auto& keys = encoding.keys();
  if (is_text(row, keys)) {
    return supervised_text(row.text(keys.text), encoding.tokenizer, encoding.max_length);
  }
  auto turns = prompt_turns(row, keys);
  const auto response = response_text(row, keys);
  const auto prompt = prompt_text(turns, encoding.config.format, encoding.eos_text());
  if (encoding.config.format == TextFormat::Plain) {
    return supervised_continuation(prompt, response, encoding.tokenizer, encoding.max_length);
  }
  turns.push_back(response);
  return supervised_dialogue(turns, encoding.tokenizer, encoding.max_length);
}

LabelledRow labelled_row(const RowFields& row, const Encoding& encoding) {
  auto sample = supervised_row(row, encoding);
  LabelledRow result{.tokens = std::move(sample.ids), .labelled = {}};
  for (const auto label : sample.labels) {
    result.labelled.push_back(label != not_learned);
  }
  // No token predicts the first one.
  if (std::find(result.labelled.begin() + !result.labelled.empty(), result.labelled.end(), true) ==
      result.labelled.end()) {
    throw UnusableRow(fmt::format("nothing is left to learn within {} tokens", encoding.max_length));
  }
  return result;
}

/// `response_0`, `response_1` and whichever of the ids and flags are asked for, or `chosen` and `rejected`.
AnnotatedPair annotated_pair(const RowFields& row, const Encoding& encoding) {
  const auto& keys = encoding.keys();
  const bool is_chosen = !row.given(keys.responses[0]) && row.given(keys.chosen);
  return {.prompt = encoding.prompt_of(row),
          .answer = row.text(is_chosen ? keys.chosen : keys.responses[0]),
          .other_answer = row.text(is_chosen ? keys.rejected : keys.responses[1]),
          .better = is_chosen};
}

TokenPair preference_pair(const RowFields& row, const Encoding& encoding) {
  auto pair = annotated_pair(row, encoding);
  if (!pair.better) pair.better = row.choice(encoding.keys().better) == 0;
  return unless_skipped(better_worse_pair(pair, encoding.tokenizer, encoding.max_length));
}

SafetyPair safety_pair(const RowFields& row, const Encoding& encoding) {
  const auto& keys = encoding.keys();
  auto pair = annotated_pair(row, encoding);
  pair.safer = row.choice(keys.safer) == 0;
  pair.is_safe = row.flag(keys.is_safe[0]);
  pair.is_other_safe = row.flag(keys.is_safe[1]);
  return unless_skipped(safer_unsafer_pair(pair, encoding.tokenizer, encoding.max_length));
}

TokenIds prompt_row(const RowFields& row, const Encoding& encoding) {
  auto prompt = prompt_tokens(encoding.prompt_of(row), encoding.tokenizer, encoding.max_length);
  if (prompt.is_truncated || prompt.ids.size() == encoding.max_length) {
    throw UnusableRow(fmt::format("the prompt leaves no room for a response within {} tokens", encoding.max_length));
  }
  return prompt.ids;
}

}  // namespace

Dataset<LabelledRow> read_supervised(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length) {
  const Encoding encoding{config, tokenizer, max_length};
  return read_rows(config, [&](const RowFields& row) { return labelled_row(row, encoding); });
}

Dataset<TokenPair> read_preference_pairs(const DatasetConfig& config, const Tokenizer& tokenizer,
                                         std::size_t max_length) {
  const Encoding encoding{config, tokenizer, max_length};
  return read_rows(config, [&](const RowFields& row) { return preference_pair(row, encoding); });
}

Dataset<SafetyPair> read_safety_pairs(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length) {
  const Encoding encoding{config, tokenizer, max_length};
  return read_rows(config, [&](const RowFields& row) { return safety_pair(row, encoding); });
}

Dataset<TokenIds> read_prompts(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length) {
  const Encoding encoding{config, tokenizer, max_length};
  auto dataset = read_rows(config, [&](const RowFields& row) { return prompt_row(row, encoding); });
  const auto kept = last_occurrences(dataset.rows);
  if (kept.size() < dataset.rows.size()) {
    dataset.remarks.push_back(fmt::format("{} of {} prompts occur again later and were left out",
                                          dataset.rows.size() - kept.size(), dataset.rows.size()));
  }
  std::vector<TokenIds> distinct;
  for (const auto index : kept) {
    distinct.push_back(std::move(dataset.rows[index]));
  }
  dataset.rows = std::move(distinct);
  return dataset;
}

}  // namespace ballast
