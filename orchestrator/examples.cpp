#include "orchestrator/examples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "orchestrator/statistics.h"

namespace ballast {
namespace {

template <typename Row>
std::vector<Row> picked(const std::vector<Row>& rows, const RowIndices& indices) {
  std::vector<Row> result;
  result.reserve(indices.size());
  for (const auto index : indices) result.push_back(rows[index]);
  return result;
}

template <typename Row>
std::vector<std::vector<Row>> picked(const std::vector<Row>& rows, const std::vector<RowIndices>& micro_batches) {
  std::vector<std::vector<Row>> result;
  for (const auto& indices : micro_batches) result.push_back(picked(rows, indices));
  return result;
}

double standard_deviation(const std::vector<double>& values) {
  return std::sqrt(squared_deviations(values) / static_cast<double>(values.size() - 1));
}

class TextExamples : public Examples {
 public:
  explicit TextExamples(std::vector<LabelledRow> rows) : rows_(std::move(rows)) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t tokens(std::int64_t row) const override { return static_cast<std::int64_t>(rows_[row].tokens.size()); }

  CommandBody learn(std::int64_t step, const std::vector<RowIndices>& micro_batches) const override {
    LearnText command{.step = step, .micro_batches = picked(rows_, micro_batches)};
    for (const auto& rows : command.micro_batches) command.targets += target_tokens(rows);
    command.targets = std::max<std::int64_t>(command.targets, 1);  // nothing to learn: a loss of 0, not of 0/0
    return command;
  }

  CommandBody evaluate(const RowIndices& micro_batch) const override {
    return EvaluateText{.row_ids = micro_batch, .rows = picked(rows_, micro_batch)};
  }

  StepMetrics summary(const FiguresByRow& figures) const override {
    const auto targets = static_cast<double>(std::max<std::int64_t>(target_tokens(rows_), 1));
    const double loss = sum(figures.at("loss_sum")) / targets;
    return {{"loss", loss}, {"perplexity", std::exp(loss)}};
  }

 private:
  std::vector<LabelledRow> rows_;
};

class PairExamples : public Examples {
 public:
  PairExamples(std::vector<PairRow> rows, Role role) : rows_(std::move(rows)), role_(role) {}

  std::int64_t size() const override { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t tokens(std::int64_t row) const override {
    return static_cast<std::int64_t>(rows_[row].preferred.size() + rows_[row].other.size());
  }

  CommandBody learn(std::int64_t step, const std::vector<RowIndices>& micro_batches) const override {
    LearnPairs command{.role = role_, .step = step, .micro_batches = picked(rows_, micro_batches)};
    for (const auto& rows : command.micro_batches) command.pairs += static_cast<std::int64_t>(rows.size());
    return command;
  }

  CommandBody evaluate(const RowIndices& micro_batch) const override {
    return EvaluatePairs{.role = role_, .row_ids = micro_batch, .rows = picked(rows_, micro_batch)};
  }

  StepMetrics summary(const FiguresByRow& figures) const override {
    StepMetrics result;
    std::vector<double> scores;
    for (const auto& [name, values] : figures) {
      if (name.ends_with("_score")) {
        scores.insert(scores.end(), values.begin(), values.end());
      } else {
        result[name] = mean(values);
      }
    }
    result[std::string(to_string(role_)) + "_mean"] = mean(scores);
    result[std::string(to_string(role_)) + "_std"] = standard_deviation(scores);
    return result;
  }

 private:
  std::vector<PairRow> rows_;
  Role role_;
};

}  // namespace

std::unique_ptr<Examples> text_examples(std::vector<LabelledRow> rows) {
  return std::make_unique<TextExamples>(std::move(rows));
}

std::unique_ptr<Examples> pair_examples(std::vector<PairRow> rows, Role role) {
  return std::make_unique<PairExamples>(std::move(rows), role);
}

}  // namespace ballast
