// Micro-batches cut by tokens instead of rows.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace ballast {

// How micro-batches are cut by tokens. Nothing here knows how many replicas there are: the cut is part of the result.
struct TokenBudget {
  std::int64_t tokens = 0;  // of a micro-batch
  std::int64_t multiple =
      1;  // the number of micro-batches is a multiple of this (gradient_lanes), while there are rows
};
// The `batch.tokens_per_micro_batch` of every job that learns.
template <typename Fields>
void describe_token_budget(Fields& field, std::optional<std::int64_t>& tokens) {
  field("tokens_per_micro_batch", tokens,
        "micro-batches that learn are cut by tokens: as many rows as fit, a longer one alone; left out: by rows")
      .at_least(1);
}

// Rows of a bin, by their index, ascending.
using Bin = std::vector<std::int64_t>;

// Rows of these lengths, each at least 1, in `count` bins, longest first, each into the bin that has the fewest tokens;
// of equals the first comes first. Bins without rows, which more bins than rows have at the end, are left out.
std::vector<Bin> packed(const std::vector<std::int64_t>& lengths, std::int64_t count);

// The smallest number of bins, a multiple of `budget.multiple`, for which `packed` keeps every bin within the budget;
// a row that is longer than the budget has a bin of its own.
std::int64_t bins_within(const TokenBudget& budget, const std::vector<std::int64_t>& lengths);

// Tokens of the replica that has most over the mean of all, micro-batch m belonging to replica m mod replicas: 1 when
// all work alike. `first` is the number of the first micro-batch.
double token_imbalance(const std::vector<std::int64_t>& tokens, int first, int replicas);

}  // namespace ballast
