#include "launch/lessons.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "orchestrator/shuffle.h"
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

template <typename Row, typename MakeExamples>
Lessons lessons_of(std::vector<Row> rows, const SupervisedConfig& config, const MakeExamples& make_examples) {
  check_ids(rows, config);
  auto split = hold_out(std::move(rows), config.evaluation.share, config.workers.seed);
  if (split.training.empty()) throw UserError("examples: found none to learn from");
  Lessons lessons{.training = make_examples(std::move(split.training)), .held_out = nullptr};
  if (!split.held_out.empty()) lessons.held_out = make_examples(std::move(split.held_out));
  return lessons;
}

}  // namespace

Lessons read_texts(const SupervisedConfig& config) {
  return lessons_of(random_texts(*config.examples.random, config.workers.seed), config, text_examples);
}

Lessons read_pairs(const SupervisedConfig& config, Role role) {
  return lessons_of(random_pairs(*config.examples.random, config.workers.seed), config,
                    [role](std::vector<PairRow> rows) { return pair_examples(std::move(rows), role); });
}

}  // namespace ballast
