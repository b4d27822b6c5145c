#include "orchestrator/token_bins.h"

#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

namespace ballast {
namespace {

std::int64_t tokens_of(const Bin& bin, const std::vector<std::int64_t>& lengths) {
  std::int64_t tokens = 0;
  for (const auto row : bin) tokens += lengths[row];
  return tokens;
}

}  // namespace

std::vector<Bin> packed(const std::vector<std::int64_t>& lengths, std::int64_t count) {
  Bin order(lengths.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::int64_t row) { return lengths[row]; });
  std::vector<Bin> bins(std::min<std::size_t>(count, lengths.size()));
  using Fill = std::pair<std::int64_t, std::size_t>;  // tokens, bin
  std::priority_queue<Fill, std::vector<Fill>, std::ranges::greater> fills;
  for (std::size_t bin = 0; bin < bins.size(); ++bin) fills.emplace(0, bin);
  for (const auto row : order) {
    const auto [tokens, bin] = fills.top();
    fills.pop();
    bins[bin].push_back(row);
    fills.emplace(tokens + lengths[row], bin);
  }
  for (auto& bin : bins) std::ranges::sort(bin);
  return bins;
}

std::int64_t bins_within(const TokenBudget& budget, const std::vector<std::int64_t>& lengths) {
  const auto all = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  const auto fits = [&](const Bin& bin) { return bin.size() == 1 || tokens_of(bin, lengths) <= budget.tokens; };
  const auto least = std::max<std::int64_t>((all + budget.tokens - 1) / budget.tokens, 1);
  auto count = (least + budget.multiple - 1) / budget.multiple * budget.multiple;
  while (!std::ranges::all_of(packed(lengths, count), fits)) count += budget.multiple;  // ends: one bin for each row
  return count;
}

double token_imbalance(const std::vector<std::int64_t>& tokens, int first, int replicas) {
  std::vector<double> by_replica(replicas, 0.0);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    by_replica[(first + i) % by_replica.size()] += static_cast<double>(tokens[i]);
  }
  const double mean = std::accumulate(by_replica.begin(), by_replica.end(), 0.0) / replicas;
  return mean > 0.0 ? std::ranges::max(by_replica) / mean : 1.0;
}

}  // namespace ballast
