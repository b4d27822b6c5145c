#include "launch/row_scorer.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>

#include "workers/user_error.h"

namespace ballast {
namespace {

PackedTokens packed(std::span<const ScoreItem> items) {
  std::vector<TokenIds> sequences;
  for (const auto& item : items) sequences.push_back(item.tokens);
  return PackedTokens::from_sequences(sequences);
}

void require_finite(double value, const JsonRow& row) {
  if (std::isfinite(value)) return;
  throw UserError(fmt::format("line {}: the model gives {}; its weights are broken", row.line, value));
}

// One score for each item under one name.
class NamedScores : public RowScorer {
 public:
  explicit NamedScores(std::string name) : name_(std::move(name)) {}

  void score(std::span<const ScoreItem> items, std::span<JsonRow> rows) override {
    const auto scores_B = scores(items).to(torch::kCPU, torch::kFloat64).contiguous();
    for (std::size_t i = 0; i < items.size(); ++i) {
      auto& row = rows[items[i].row];
      const double value = scores_B[static_cast<std::int64_t>(i)].item<double>();
      require_finite(value, row);
      row.value[name_ + items[i].suffix] = value;
      values_.push_back(value);
    }
  }

  std::string summary() const override {
    const auto values_N = torch::tensor(values_, torch::kFloat64);
    return fmt::format("{}: mean {:.4f}, sd {:.4f}", name_, values_N.mean().item<double>(),
                       values_N.std(/*unbiased=*/false).item<double>());
  }

 private:
  // [B] of the items.
  virtual torch::Tensor scores(std::span<const ScoreItem> items) const = 0;

  std::string name_;
  std::vector<double> values_;
};

class ModelScores : public NamedScores {
 public:
  ModelScores(std::unique_ptr<ScoreModel> model, const std::string& name)
      : NamedScores(name), model_(std::move(model)) {}

 private:
  torch::Tensor scores(std::span<const ScoreItem> items) const override {
    return model_->end_scores(packed(items).to(model_->device()));
  }

  std::unique_ptr<ScoreModel> model_;
};

class RuleScores : public NamedScores {
 public:
  RuleScores(std::unique_ptr<RewardFunction> rule, const std::string& name)
      : NamedScores(name), rule_(std::move(rule)) {}

 private:
  // A rule sees texts alone: every response counts as one token.
  torch::Tensor scores(std::span<const ScoreItem> items) const override {
    const auto rows = static_cast<std::int64_t>(items.size());
    return rule_
        ->score({.tokens_BL = {},
                 .lengths_B = {},
                 .mask_BT = torch::ones({rows, 1}, torch::kBool),
                 .completion = [&](std::int64_t row) { return items[static_cast<std::size_t>(row)].completion; }})
        .squeeze(1);
  }

  std::unique_ptr<RewardFunction> rule_;
};

class LogProbs : public RowScorer {
 public:
  LogProbs(std::unique_ptr<CausalLM> model, std::string prefix)
      : model_(std::move(model)), prefix_(std::move(prefix)) {}

  void score(std::span<const ScoreItem> items, std::span<JsonRow> rows) override {
    const auto log_probs_N =
        model_->next_token_log_probs(packed(items).to(model_->device())).to(torch::kCPU, torch::kFloat64).contiguous();
    std::span all(log_probs_N.const_data_ptr<double>(), static_cast<std::size_t>(log_probs_N.numel()));
    for (const auto& item : items) {
      // The log-prob of token t stands at t - 1, in the place of the token that predicts it.
      const auto first = std::max<std::size_t>(item.prompt_length, 1) - 1;
      const auto end = item.tokens.size() - 1;
      add(item, all.subspan(first, end - std::min(first, end)), rows[item.row]);
      all = all.subspan(item.tokens.size());
    }
  }

  std::string summary() const override {
    return fmt::format("{}perplexity: {:.4f} over {} tokens", prefix_, perplexity(sum_, tokens_), tokens_);
  }

 private:
  static double perplexity(double sum, std::size_t tokens) {
    return std::exp(-sum / static_cast<double>(std::max<std::size_t>(tokens, 1)));
  }

  void add(const ScoreItem& item, std::span<const double> log_probs, JsonRow& row) {
    double sum = 0.0;
    for (const double log_prob : log_probs) sum += log_prob;
    require_finite(sum, row);
    const auto field = [&](const char* name) -> nlohmann::json& { return row.value[prefix_ + name + item.suffix]; };
    field("log_probs") = std::vector<double>(log_probs.begin(), log_probs.end());
    field("log_prob") = sum;
    field("tokens") = log_probs.size();
    field("perplexity") = log_probs.empty() ? nlohmann::json() : nlohmann::json(perplexity(sum, log_probs.size()));
    sum_ += sum;
    tokens_ += log_probs.size();
  }

  std::unique_ptr<CausalLM> model_;
  std::string prefix_;
  double sum_ = 0.0;
  std::size_t tokens_ = 0;
};

}  // namespace

std::unique_ptr<RowScorer> score_by_model(std::unique_ptr<ScoreModel> model, const std::string& name) {
  return std::make_unique<ModelScores>(std::move(model), name);
}

std::unique_ptr<RowScorer> log_probs_by_model(std::unique_ptr<CausalLM> model, const std::string& prefix) {
  return std::make_unique<LogProbs>(std::move(model), prefix);
}

std::unique_ptr<RowScorer> score_by_rule(std::unique_ptr<RewardFunction> rule, const std::string& name) {
  return std::make_unique<RuleScores>(std::move(rule), name);
}

}  // namespace ballast
