#include "launch/lessons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "orchestrator/shuffle.h"
#include "workers/data/dataset.h"
#include "workers/data/tokenizer_folder.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

std::int64_t largest_id(const LabelledRow& row) { return std::ranges::max(row.tokens); }
std::int64_t largest_id(const PairRow& row) {
  return std::max(std::ranges::max(row.preferred), std::ranges::max(row.other));
}

template <typename Row>
struct Split {
  std::vector<Row> training;
  std::vector<Row> held_out;
};

// Holds out that share of the rows, drawn by the seed; both parts keep the rows' order.
template <typename Row>
Split<Row> hold_out(std::vector<Row> rows, double share, std::int64_t seed) {
  constexpr std::int64_t before_all_epochs = -1;
  const auto order = shuffled_order(static_cast<std::int64_t>(rows.size()), seed, before_all_epochs);
  const auto count = std::llround(share * static_cast<double>(rows.size()));
  std::vector<bool> is_held_out(rows.size(), false);
  for (std::int64_t i = 0; i < count; ++i) is_held_out[order[i]] = true;
  Split<Row> split;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    (is_held_out[i] ? split.held_out : split.training).push_back(std::move(rows[i]));
  }
  return split;
}

template <typename Row>
void check_ids(const std::vector<Row>& rows, const SupervisedConfig& config) {
  const auto vocab = model_config(config.workers.supervised.model).vocab;
  for (const auto& row : rows) {
    if (largest_id(row) < vocab) continue;
    throw UserError(
        fmt::format("examples: found the token id {}; the model has ids 0 to {}: do its tokenizer and its "
                    "weights belong together?",
                    largest_id(row), vocab - 1));
  }
}

// Reads the data sets of a configuration with the tokenizer of its model.
class Reader {
 public:
  explicit Reader(const SupervisedConfig& config)
      : tokenizer_(load_tokenizer(config.workers.supervised.model.tokenizer_folder().value())),
        max_length_(static_cast<std::size_t>(config.batch.max_length)) {}

  std::vector<LabelledRow> texts(const DatasetConfig& data) const {
    return rows_of(read_supervised(data, *tokenizer_, max_length_));
  }

  std::vector<PairRow> pairs(const DatasetConfig& data, Role role) const {
    std::vector<PairRow> rows;
    if (role == Role::Reward) {
      for (auto& pair : rows_of(read_preference_pairs(data, *tokenizer_, max_length_))) {
        rows.push_back({.preferred = std::move(pair.preferred), .other = std::move(pair.other)});
      }
    } else {
      for (auto& pair : rows_of(read_safety_pairs(data, *tokenizer_, max_length_))) {
        rows.push_back({.preferred = std::move(pair.tokens.preferred),
                        .other = std::move(pair.tokens.other),
                        .preferred_sign = pair.safer_sign,
                        .other_sign = pair.unsafer_sign});
      }
    }
    return rows;
  }

 private:
  template <typename Row>
  static std::vector<Row> rows_of(Dataset<Row> dataset) {
    for (const auto& remark : dataset.remarks) fmt::print("{}\n", remark);
    return std::move(dataset.rows);
  }

  std::unique_ptr<Tokenizer> tokenizer_;
  std::size_t max_length_;
};

// `read` gives the rows of a data set, `make_examples` puts rows in the form that the loop takes.
template <typename Row, typename Read, typename MakeExamples>
Lessons lessons_of(const SupervisedConfig& config, const Read& read, const MakeExamples& make_examples) {
  Split<Row> split = hold_out<Row>(read(config.examples.data), config.evaluation.share, config.workers.seed);
  if (config.evaluation.data.given()) split.held_out = read(config.evaluation.data);
  if (split.training.empty()) throw UserError("examples: found none to learn from");
  check_ids(split.training, config);
  check_ids(split.held_out, config);
  Lessons lessons{.training = make_examples(std::move(split.training)), .held_out = nullptr};
  if (!split.held_out.empty()) lessons.held_out = make_examples(std::move(split.held_out));
  return lessons;
}

}  // namespace

Lessons read_texts(const SupervisedConfig& config) {
  if (const auto& random = config.examples.random) {
    const auto make_rows = [&](const DatasetConfig&) { return random_texts(*random, config.workers.seed); };
    return lessons_of<LabelledRow>(config, make_rows, text_examples);
  }
  const Reader reader(config);
  return lessons_of<LabelledRow>(
      config, [&](const DatasetConfig& data) { return reader.texts(data); }, text_examples);
}

Lessons read_pairs(const SupervisedConfig& config, Role role) {
  const auto make_examples = [&](std::vector<PairRow> rows) { return pair_examples(std::move(rows), role); };
  if (const auto& random = config.examples.random) {
    const auto make_rows = [&](const DatasetConfig&) { return random_pairs(*random, config.workers.seed); };
    return lessons_of<PairRow>(config, make_rows, make_examples);
  }
  const Reader reader(config);
  return lessons_of<PairRow>(
      config, [&](const DatasetConfig& data) { return reader.pairs(data, role); }, make_examples);
}

}  // namespace ballast
