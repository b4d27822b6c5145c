#include "tests/distributed/test_world.h"
#include "tests/workers/model/sharded_model_suite.h"

namespace ballast {
namespace {

INSTANTIATE_TEST_SUITE_P(Mpi, ShardedModel,
                         testing::Combine(testing::Values(Ranks{
                                              "OnProcesses",
                                              [](const auto& function) { function(test_world().communicator()); }}),
                                          testing::ValuesIn(sharded_cases())),
                         name_of_sharded_test);

}  // namespace
}  // namespace ballast
