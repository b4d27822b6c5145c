// Generation from models that are cut into tensor-parallel shards, which are threads here.
#include "tests/workers/generation/sharded_generation.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/comm/loopback_ranks.h"
#include "workers/generation/forward_pass.h"
#include "workers/generation/shard_sum.h"

namespace ballast {
namespace {

void expect_on_shards(const ShardedGeneration& with) {
  for (const int shards : {2, 4}) {
    SCOPED_TRACE(testing::Message() << shards << " shards");
    on_loopback_ranks(shards, [&](Communicator& comm) { expect_what_the_whole_model_generates(comm, with); });
  }
}

class ShardedGeneratorOf : public testing::TestWithParam<Family> {};

TEST_P(ShardedGeneratorOf, ContinuesGreedilyAsTheWholeModelDoes) {
  expect_on_shards({.source = decided_model(GetParam()), .sampling = {.temperature = 0.0}});
}

TEST_P(ShardedGeneratorOf, SamplesWhatTheWholeModelSamples) { expect_on_shards({.source = decided_model(GetParam())}); }

TEST_P(ShardedGeneratorOf, SamplesWhatTheWholeModelSamplesInBfloat16) {
  expect_on_shards({.source = decided_model(GetParam(), ComputeDType::bfloat16), .tolerance = 0.15, .same_rows = 0.5});
}

INSTANTIATE_TEST_SUITE_P(Families, ShardedGeneratorOf,
                         testing::Values(Family::Llama, Family::Mistral, Family::Qwen2, Family::Gpt2),
                         [](const auto& instance) {
                           return std::string(family_names[static_cast<std::size_t>(instance.param)].second);
                         });

TEST(ShardedGenerator, FiltersAndBansAsTheWholeModelDoes) {
  expect_on_shards({.source = decided_model(Family::Llama),
                    .sampling = {.temperature = 0.7, .top_p = 0.9, .repetition_penalty = 1.2, .min_new_tokens = 4}});
}

TEST(ShardedGenerator, ReadsATiedHead) {
  auto source = decided_model(Family::Qwen2);
  source.random->tied_embeddings = true;
  expect_on_shards({.source = source});
}

// Shards add their parts in one order, however many rows there are.
TEST(ShardedGenerator, GivesARowTheSameBitsAloneAndInCompany) {
  const ShardedGeneration with{.source = decided_model(Family::Llama)};
  const auto command = prompts_of_all_lengths();
  on_loopback_ranks(4, [&](Communicator& comm) {
    const auto together = with.responses(command, {.communicator = &comm});
    for (const std::size_t row : {0, 5, 17}) {
      const auto alone = with.responses({.iteration = command.iteration,
                                         .max_length = command.max_length,
                                         .row_ids = {command.row_ids[row]},
                                         .prompts = {command.prompts[row]}},
                                        {.communicator = &comm})[0];
      EXPECT_EQ(alone.tokens, together[row].tokens);
      EXPECT_EQ(alone.log_probs, together[row].log_probs);
    }
  });
}

TEST(ShardSum, AddsTheShardsPartsOnEveryShard) {
  on_loopback_ranks(3, [](Communicator& comm) {
    ShardSum<float> sum({.communicator = &comm}, 8);
    const auto factor = static_cast<float>(comm.group().index + 1);
    const std::vector<float> part{factor, 10 * factor, 100 * factor};
    sum.gather(part.data(), 3);
    std::vector<float> total(2);
    sum.take(total.data(), 1, 2);
    sum.check();
    EXPECT_THAT(total, testing::ElementsAre(60.0F, 600.0F));
  });
}

TEST(ShardSum, TellsAfterwardsWhichShardDidNotCome) {
  on_loopback_ranks(2, [](Communicator& comm) {
    if (comm.group().index == 1) return;
    ShardSum<float> sum({.communicator = &comm, .timeout = std::chrono::milliseconds(20)}, 1);
    const float part = 1.0F;
    sum.gather(&part, 1);
    try {
      sum.check();
      FAIL() << "no error";
    } catch (const CommunicationError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("missing: rank 1"));
    }
  });
}

TEST(PassMemory, OfAShardIsItsPartOfTheModel) {
  const auto config = model_config(
      {.random = RandomModelConfig{.vocab = 1024, .hidden = 256, .intermediate = 512, .heads = 8, .kv_heads = 2}});
  const auto whole = pass_memory(config, ComputeDType::bfloat16, {.slots = 16, .positions = 64});
  const auto of_shards = [&](int count) {
    return pass_memory(config, ComputeDType::bfloat16,
                       {.slots = 16, .positions = 64, .shard = {.index = 1, .count = count}});
  };
  EXPECT_EQ(of_shards(2).packed_weights, whole.packed_weights / 2);
  EXPECT_EQ(of_shards(2).kv_cache, whole.kv_cache / 2);
  EXPECT_EQ(of_shards(4).kv_cache, whole.kv_cache / 2) << "two shards hold each head of keys";
}

}  // namespace
}  // namespace ballast
