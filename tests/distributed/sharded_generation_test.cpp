// Generation from models whose shards are processes.
#include "tests/workers/generation/sharded_generation.h"

#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

TEST(ShardedGenerationOfProcesses, IsThatOfTheWholeModel) {
  for (const Family family : {Family::Llama, Family::Gpt2})
    for (const double temperature : {0.0, 1.0})
      expect_what_the_whole_model_generates(
          test_world().communicator(), {.source = decided_model(family), .sampling = {.temperature = temperature}});
}

}  // namespace
}  // namespace ballast
