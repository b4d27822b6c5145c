#include "tests/comm/loopback_ranks.h"
#include "tests/workers/model/sharded_model_suite.h"

namespace ballast {
namespace {

Ranks loopback(int size) {
  return {"OnThreads" + std::to_string(size), [size](const auto& function) { on_loopback_ranks(size, function); }};
}

INSTANTIATE_TEST_SUITE_P(Loopback, ShardedModel,
                         testing::Combine(testing::Values(loopback(2), loopback(4)),
                                          testing::ValuesIn(sharded_cases())),
                         name_of_sharded_test);

}  // namespace
}  // namespace ballast
