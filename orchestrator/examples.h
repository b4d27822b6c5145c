// What a supervised job learns from: texts, or pairs of responses. The loop knows an example by its index alone.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/metrics.h"
#include "workers/commands.h"

namespace ballast {

using RowIndices = std::vector<std::int64_t>;
// A figure of every example, by index.
using FiguresByRow = std::map<std::string, std::vector<double>>;

class Examples {
 public:
  virtual ~Examples() = default;
  virtual std::int64_t size() const = 0;
  // Tokens of an example; of a pair those of both sides.
  virtual std::int64_t tokens(std::int64_t row) const = 0;
  // One optimizer step on the examples of these micro-batches.
  virtual CommandBody learn(std::int64_t step, const std::vector<RowIndices>& micro_batches) const = 0;
  virtual CommandBody evaluate(const RowIndices& micro_batch) const = 0;
  // 'loss', 'accuracy', ... over all examples, from what the ranks reported of each.
  virtual StepMetrics summary(const FiguresByRow& figures) const = 0;
};

// loss: mean over all target tokens; perplexity: its exponential.
std::unique_ptr<Examples> text_examples(std::vector<LabelledRow> rows);
// For a reward or cost model (`role`): loss, accuracy, for a cost model accuracy_sign: means over the pairs;
// ROLE_mean and ROLE_std (unbiased): of the end scores of all responses.
std::unique_ptr<Examples> pair_examples(std::vector<PairRow> rows, Role role);

}  // namespace ballast
