// What a model cut into shards generates, against the whole model. The shards may be threads, processes, or processes
// with GPUs.
#pragma once
#include <gtest/gtest.h>

#include "comm/communicator.h"
#include "tests/workers/model/tiny_models.h"
#include "workers/generation/generator.h"

namespace ballast {

// A tiny model whose next token is far from a toss-up, so that few choices hang on a rounding.
inline ModelSource decided_model(Family family, ComputeDType dtype = ComputeDType::float32) {
  ModelSource source = tiny_model(family);
  source.random->initializer_range = 0.3;
  source.dtype = dtype;
  return source;
}

// More rows than slots; prompts of 1 to 9 tokens, some of them equal, which enter together.
inline Generate prompts_of_all_lengths() {
  Generate command{.iteration = 5, .max_length = 32};
  for (std::int64_t row = 0; row < 24; ++row) {
    command.row_ids.push_back(100 + row);
    const std::int64_t alike = row - row % 2;
    for (std::int64_t t = 0; t < 1 + alike * 5 % 9; ++t) {
      if (t == 0) command.prompts.emplace_back();
      command.prompts.back().push_back(3 + (alike * 7 + t * 3) % 34);
    }
  }
  return command;
}

struct ShardedGeneration {
  ModelSource source;
  SamplingConfig sampling = {};
  c10::Device device = c10::kCPU;
  double tolerance = 2e-4;  // of log-probs
  double same_rows = 1.0;   // how many, at least: a draw may lie between two roundings

  std::vector<Response> responses(const Generate& command, const Shards& shards = {}) const {
    const auto model = CausalLM::from_source(source, Use::Infer, {device, shards});
    return Generator(*model, {.sampling = sampling, .end_tokens = {2, 11}, .slots = 16, .seed = 1})
        .continue_prompts(command);
  }
};

inline void expect_close(const std::vector<Response>& found, const std::vector<Response>& expected,
                         const ShardedGeneration& with) {
  ASSERT_EQ(found.size(), expected.size());
  std::size_t same_rows = 0;
  for (std::size_t row = 0; row < found.size(); ++row) {
    const auto& [tokens, log_probs, sampling_log_probs] = found[row];
    for (std::size_t t = 0; t < tokens.size() && t < expected[row].tokens.size(); ++t) {
      if (tokens[t] != expected[row].tokens[t]) break;
      EXPECT_NEAR(log_probs[t], expected[row].log_probs[t], with.tolerance) << "row " << row << " token " << t;
      EXPECT_NEAR(sampling_log_probs[t], expected[row].sampling_log_probs[t], with.tolerance) << "row " << row;
    }
    if (tokens == expected[row].tokens) ++same_rows;
  }
  EXPECT_GE(static_cast<double>(same_rows), with.same_rows * static_cast<double>(found.size()));
}

inline void expect_what_the_whole_model_generates(Communicator& shards, const ShardedGeneration& with) {
  const auto command = prompts_of_all_lengths();
  expect_close(with.responses(command, {.communicator = &shards}), with.responses(command), with);
}

}  // namespace ballast
