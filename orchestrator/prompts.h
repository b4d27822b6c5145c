// Where an iteration's prompts come from.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "orchestrator/token_bins.h"
#include "workers/commands.h"

namespace ballast {

struct PromptRow {
  std::int64_t id = 0;  // counts the run's rows in prompt order
  TokenIds prompt;
  TokenIds response;  // empty: the actor samples it; else a rollout that is given
};

// What one iteration works on, cut into micro-batches before any placement is known.
struct PromptBatch {
  std::int64_t max_length = 0;  // L, prompt and response together
  std::vector<std::vector<PromptRow>> micro_batches;
  std::vector<std::vector<LabelledRow>> ptx;  // empty, or the language-model rows that go with each micro-batch
};

class PromptStream {
 public:
  virtual ~PromptStream() = default;
  virtual PromptBatch next() = 0;
};

// How an iteration's rollout is cut.
struct BatchConfig {
  std::int64_t rollout = 32;      // rows of an iteration
  std::int64_t samples = 1;       // rows of each prompt
  std::int64_t mini_batch = 16;   // rows of an optimizer step
  std::int64_t micro_batch = 16;  // rows that flow between roles at once
  std::optional<std::int64_t> tokens_per_micro_batch;
  std::int64_t max_length = 512;  // tokens of a prompt and its response together
  std::int64_t passes = 1;        // over the rollout (the reference's update_iters)

  template <typename Fields>
  void describe(Fields& field) {
    field("rollout", rollout, "rows of one iteration; a multiple of mini_batch and of samples").at_least(1);
    field("samples", samples, "responses to each prompt, in consecutive rows").at_least(1);
    field("mini_batch", mini_batch, "rows of one optimizer step; a multiple of micro_batch").at_least(1);
    field("micro_batch", micro_batch, "rows that flow between roles at once").at_least(1);
    describe_token_budget(field, tokens_per_micro_batch);
    field("max_length", max_length, "tokens of a prompt and its response together").at_least(2);
    field("passes", passes, "training passes over each rollout").at_least(1);
  }
};

// Prompts of random token ids: for smoke runs and benchmarks, where no data is at hand.
struct RandomPromptsConfig {
  std::int64_t min_length = 4;
  std::int64_t max_length = 12;
  std::int64_t vocab = 128;  // ids are drawn from [3, vocab): the first three are pad, bos and eos by custom

  template <typename Fields>
  void describe(Fields& field) {
    field("min_length", min_length, "shortest prompt, tokens").at_least(1);
    field("max_length", max_length, "longest prompt, tokens").at_least(1);
    field("vocab", vocab, "ids are drawn from 3 to vocab - 1").at_least(4);
  }
};

std::unique_ptr<PromptStream> random_prompts(const RandomPromptsConfig& config, const BatchConfig& batch,
                                             std::uint64_t seed);
// `count` of them, as they come.
std::vector<TokenIds> draw_prompts(const RandomPromptsConfig& config, std::int64_t count, std::uint64_t seed);

// What a run learns from when it is given as data.
struct PromptRows {
  std::vector<TokenIds> prompts;  // at least one
  std::vector<LabelledRow> ptx;   // language-model rows: every micro-batch takes as many as it has rows; empty: none
};
// Goes through the prompts, epoch after epoch without a seam, each in an order of its own (shuffled_order); likewise,
// with another seed, through the PTX rows.
std::unique_ptr<PromptStream> given_prompts(PromptRows rows, const BatchConfig& batch, std::uint64_t seed);

// The iterations that visit every prompt `epochs` times, the last of them perhaps beyond that.
std::int64_t iterations_of_epochs(std::int64_t epochs, std::int64_t prompts, const BatchConfig& batch);

// Rows of prompts that are evaluated, not learned from. Their ids are far above those of training, so that their draws
// are others.
PromptBatch held_out_batch(const std::vector<TokenIds>& prompts, const BatchConfig& batch);

}  // namespace ballast
