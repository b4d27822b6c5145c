#include "tests/comm/communicator_failure_suite.h"
#include "tests/comm/communicator_suite.h"
#include "tests/distributed/test_world.h"

namespace ballast {
namespace {

struct Mpi {
  static void on_each_rank(const std::function<void(Communicator&)>& function) {
    function(test_world().communicator());
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Mpi, CommunicatorSuite, Mpi);
INSTANTIATE_TYPED_TEST_SUITE_P(Mpi, IndependentGroupsSuite, Mpi);
INSTANTIATE_TYPED_TEST_SUITE_P(Mpi, CommunicatorFailureSuite, Mpi);

}  // namespace
}  // namespace ballast
