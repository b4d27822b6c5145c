// Where the prompts of the main job come from: files, or random token ids.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/prompts.h"
#include "workers/data/dataset_config.h"
#include "workers/data/tokenizer.h"
#include "workers/model/model_source.h"

namespace ballast {

// Exactly one of the two.
struct PromptsConfig {
  std::optional<RandomPromptsConfig> random;
  std::optional<DatasetConfig> data;

  template <typename Fields>
  void describe(Fields& field) {
    field("random", random, "prompts of random token ids");
    field("data", data, "prompts from files, read with the actor's tokenizer; equal ones count once");
  }
};

// Texts for the language-model term, `ppo.ptx_coeff`.
struct PtxConfig {
  DatasetConfig data;

  template <typename Fields>
  void describe(Fields& field) {
    field("data", data, "prompts with responses, or texts; no file: no such term");
  }
};

struct HeldOutConfig {
  std::optional<PromptsConfig> prompts;
  std::int64_t every = 0;
  std::int64_t rows = 128;

  template <typename Fields>
  void describe(Fields& field) {
    field("prompts", prompts, "held-out prompts; none: no evaluation");
    field("every", every, "iterations between evaluations; 0: before the first and after the last alone").at_least(0);
    field("rows", rows, "the first prompts, one response each").at_least(1);
  }
};

// 'field: found; allowed' for everything that is wrong with the settings or the files that they name.
void check_prompts(const std::string& field, const PromptsConfig& config, std::int64_t max_length,
                   std::vector<std::string>& violations);

// The tokenizer that goes with a model; nullptr where it has none. Throws UserError when it cannot be read.
std::unique_ptr<Tokenizer> tokenizer_of(const ModelSource& model);

// What rows are read with; both outlive the call.
struct RowReading {
  const Tokenizer* tokenizer = nullptr;  // needed for data
  std::int64_t max_length = 0;
};

// All prompts of the files, in their order. What was skipped goes to stderr. Throws UserError.
std::vector<TokenIds> read_prompt_rows(const DatasetConfig& config, const RowReading& reading);
std::vector<LabelledRow> read_ptx_rows(const DatasetConfig& config, const RowReading& reading);

}  // namespace ballast
