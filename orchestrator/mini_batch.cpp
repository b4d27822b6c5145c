#include "orchestrator/mini_batch.h"

#include <algorithm>
#include <utility>

namespace ballast {
namespace {

// Prompt and response of every row of a micro-batch.
std::vector<std::int64_t> row_tokens(const Scored& scored, const PromptBatch& prompts, int micro_batch) {
  auto tokens = scored.response_tokens[micro_batch];
  for (std::size_t row = 0; row < tokens.size(); ++row) {
    tokens[row] += static_cast<std::int64_t>(prompts.micro_batches[micro_batch][row].prompt.size());
  }
  return tokens;
}

// The rows of a mini-batch, one after the other.
struct FlatRows {
  std::vector<RowPlace> places;
  std::vector<std::int64_t> tokens;
  std::vector<LabelledRow> ptx;
  std::vector<std::int64_t> ptx_tokens;
};

FlatRows flat_rows(const MiniBatch& mini, const Scored& scored, const PromptBatch& prompts) {
  FlatRows rows;
  for (const int m : mini.micro_batches) {
    for (const auto tokens : row_tokens(scored, prompts, m)) rows.tokens.push_back(tokens);
    for (std::size_t row = 0; row < prompts.micro_batches[m].size(); ++row) {
      rows.places.push_back({m, static_cast<std::int64_t>(row)});
    }
  }
  for (const auto& texts : mini.ptx) rows.ptx.insert(rows.ptx.end(), texts.begin(), texts.end());
  for (const auto& text : rows.ptx) rows.ptx_tokens.push_back(static_cast<std::int64_t>(text.tokens.size()));
  return rows;
}

template <typename Row>
std::vector<Row> rows_of_bin(const std::vector<Row>& rows, const Bin& bin) {
  std::vector<Row> result;
  for (const auto row : bin) result.push_back(rows[row]);
  return result;
}

std::int64_t sum_of(const std::vector<std::int64_t>& values) {
  std::int64_t sum = 0;
  for (const auto value : values) sum += value;
  return sum;
}

}  // namespace

std::vector<MiniBatch> mini_batches(const Scored& scored, const PromptBatch& prompts, const BatchConfig& config) {
  const auto micro_batches = static_cast<std::int64_t>(prompts.micro_batches.size());
  const auto per_mini = config.mini_batch / config.micro_batch;
  std::vector<MiniBatch> result;
  for (std::int64_t begin = 0; begin < micro_batches; begin += per_mini) {
    auto& mini = result.emplace_back();
    mini.batch = scored.rollout.id();
    for (auto m = begin; m < std::min(begin + per_mini, micro_batches); ++m) {
      mini.micro_batches.push_back(static_cast<int>(m));
      mini.rows += std::ranges::count_if(scored.response_tokens[m], [](auto tokens) { return tokens > 0; });
      mini.tokens.push_back(sum_of(row_tokens(scored, prompts, static_cast<int>(m))));
      if (!prompts.ptx.empty()) mini.ptx.push_back(prompts.ptx[m]);
    }
    mini.learned = mini.micro_batches;
    mini.rows = std::max<std::int64_t>(mini.rows, 1);  // empty responses only: a loss of 0, not of 0/0
  }
  return result;
}

Regrouping cut_by_tokens(std::vector<MiniBatch>& minis, const Scored& scored, const PromptBatch& prompts,
                         const TokenBudget& budget) {
  Regrouping regrouping;
  for (auto& mini : minis) {
    const auto rows = flat_rows(mini, scored, prompts);
    const auto bins =
        packed(rows.tokens, std::max(bins_within(budget, rows.tokens), bins_within(budget, rows.ptx_tokens)));
    mini.learned.clear();
    mini.tokens.clear();
    for (const auto& bin : bins) {
      mini.learned.push_back(static_cast<int>(regrouping.size()));
      mini.tokens.push_back(sum_of(rows_of_bin(rows.tokens, bin)));
      regrouping.push_back(rows_of_bin(rows.places, bin));
    }
    mini.ptx.clear();
    for (const auto& bin : packed(rows.ptx_tokens, std::ssize(bins))) mini.ptx.push_back(rows_of_bin(rows.ptx, bin));
  }
  return regrouping;
}

}  // namespace ballast
