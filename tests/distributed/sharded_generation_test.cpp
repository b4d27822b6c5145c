// Generation from models whose shards are processes.
#include "tests/workers/generation/sharded_generation.h"

#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

TEST(ShardedGenerationOfProcesses, IsThatOfTheWholeModel) {
  Communicator& shards = test_world().communicator();
  expect_what_the_whole_model_generates(shards, {.source = decided_model(Family::Llama)});
  expect_what_the_whole_model_generates(
      shards, {.source = decided_model(Family::Gpt2), .sampling = {.temperature = 0.0, .max_new_tokens = 8}});
}

}  // namespace
}  // namespace ballast
