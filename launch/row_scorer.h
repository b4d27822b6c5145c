// What `ballast score` adds to rows: end scores, log-probs or a rule's scores.
#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "launch/score_items.h"
#include "workers/model/causal_lm.h"
#include "workers/model/score_model.h"

namespace ballast {

class RowScorer {
 public:
  virtual ~RowScorer() = default;
  // Adds its fields to the items' rows. Throws UserError for a score that is not finite.
  virtual void score(std::span<const ScoreItem> items, std::span<JsonRow> rows) = 0;
  // What all rows together show, in one line.
  virtual std::string summary() const = 0;
};

// Adds `name`: the score at a sequence's last token, normalised as the folder says.
std::unique_ptr<RowScorer> score_by_model(std::unique_ptr<ScoreModel> model, const std::string& name);

// Adds `log_probs` of the response's tokens (without a response: of all but the first), their sum `log_prob`, their
// number `tokens` and `perplexity` (null if there are none); `prefix` goes in front of these names.
std::unique_ptr<RowScorer> log_probs_by_model(std::unique_ptr<CausalLM> model, const std::string& prefix);

// Adds `name`: what the rule gives the response.
std::unique_ptr<RowScorer> score_by_rule(std::unique_ptr<RewardFunction> rule, const std::string& name);

}  // namespace ballast
