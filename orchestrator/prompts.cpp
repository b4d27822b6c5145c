#include "orchestrator/prompts.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "orchestrator/draws.h"
#include "orchestrator/shuffle.h"

namespace ballast {
namespace {

constexpr std::int64_t first_held_out_id = std::int64_t{1} << 40;

// Cuts what the sources give, one after the other, into rollouts.
class CutPrompts : public PromptStream {
 public:
  struct Sources {
    std::function<TokenIds()> prompt;
    std::function<LabelledRow()> ptx;  // none: no PTX rows
  };
  CutPrompts(Sources sources, const BatchConfig& batch) : sources_(std::move(sources)), batch_(batch) {}

  PromptBatch next() override {
    PromptBatch result{.max_length = batch_.max_length, .micro_batches = {}, .ptx = {}};
    for (std::int64_t m = 0; m < batch_.rollout / batch_.micro_batch; ++m) {
      auto& rows = result.micro_batches.emplace_back();
      for (std::int64_t i = 0; i < batch_.micro_batch; ++i) rows.push_back(next_row());
      if (!sources_.ptx) continue;
      auto& texts = result.ptx.emplace_back();
      for (std::int64_t i = 0; i < batch_.micro_batch; ++i) texts.push_back(sources_.ptx());
    }
    return result;
  }

 private:
  PromptRow next_row() {
    if (next_id_ % batch_.samples == 0) prompt_ = sources_.prompt();
    return {.id = next_id_++, .prompt = prompt_, .response = {}};
  }

  Sources sources_;
  BatchConfig batch_;
  std::int64_t next_id_ = 0;
  TokenIds prompt_;  // of the rows that come now
};

class RandomIds {
 public:
  RandomIds(const RandomPromptsConfig& config, std::uint64_t seed) : config_(config), draws_(seed) {}

  TokenIds operator()() {
    TokenIds ids(draws_.between(config_.min_length, config_.max_length + 1));
    for (auto& id : ids) id = draws_.between(first_drawn_id, config_.vocab);
    return ids;
  }

 private:
  RandomPromptsConfig config_;
  Draws draws_;
};

// Epoch after epoch.
template <typename Row>
class Shuffled {
 public:
  Shuffled(std::vector<Row> rows, std::uint64_t seed) : rows_(std::move(rows)), seed_(seed) {}

  Row operator()() {
    const auto count = static_cast<std::int64_t>(rows_.size());
    if (visited_ % count == 0) order_ = shuffled_order(count, static_cast<std::int64_t>(seed_), visited_ / count);
    return rows_[order_[visited_++ % count]];
  }

 private:
  std::vector<Row> rows_;
  std::uint64_t seed_;
  std::vector<std::int64_t> order_;
  std::int64_t visited_ = 0;
};

}  // namespace

std::unique_ptr<PromptStream> random_prompts(const RandomPromptsConfig& config, const BatchConfig& batch,
                                             std::uint64_t seed) {
  return std::make_unique<CutPrompts>(CutPrompts::Sources{.prompt = RandomIds(config, seed), .ptx = nullptr}, batch);
}

std::vector<TokenIds> draw_prompts(const RandomPromptsConfig& config, std::int64_t count, std::uint64_t seed) {
  std::vector<TokenIds> prompts;
  std::generate_n(std::back_inserter(prompts), count, RandomIds(config, seed));
  return prompts;
}

std::unique_ptr<PromptStream> given_prompts(PromptRows rows, const BatchConfig& batch, std::uint64_t seed) {
  CutPrompts::Sources sources{.prompt = Shuffled(std::move(rows.prompts), seed), .ptx = nullptr};
  if (!rows.ptx.empty()) sources.ptx = Shuffled(std::move(rows.ptx), seed + 1);
  return std::make_unique<CutPrompts>(std::move(sources), batch);
}

std::int64_t iterations_of_epochs(std::int64_t epochs, std::int64_t prompts, const BatchConfig& batch) {
  return (epochs * prompts * batch.samples + batch.rollout - 1) / batch.rollout;
}

PromptBatch held_out_batch(const std::vector<TokenIds>& prompts, const BatchConfig& batch) {
  PromptBatch result{.max_length = batch.max_length, .micro_batches = {}, .ptx = {}};
  const auto count = static_cast<std::int64_t>(prompts.size());
  for (std::int64_t row = 0; row < count; ++row) {
    if (row % batch.micro_batch == 0) result.micro_batches.emplace_back();
    result.micro_batches.back().push_back({.id = first_held_out_id + row, .prompt = prompts[row], .response = {}});
  }
  return result;
}

}  // namespace ballast
