#include "workers/device_choice.h"

#include <gmock/gmock.h>

#include "workers/user_error.h"

namespace ballast {
namespace {

const std::vector<std::string> hosts{"node01", "node02", "node01"};
const std::vector<std::string> all_can{"", "", ""};
const std::vector<std::string> one_cannot{"", "there is no CUDA device", ""};

TEST(DeviceChoice, AutoIsCudaWhereEveryRankHasIt) {
  EXPECT_TRUE(use_cuda(DeviceChoice::Auto, all_can, hosts));
  EXPECT_FALSE(use_cuda(DeviceChoice::Auto, one_cannot, hosts)) << "all ranks or none: tensors travel between them";
}

TEST(DeviceChoice, CpuNeedsNoReason) { EXPECT_FALSE(use_cuda(DeviceChoice::Cpu, all_can, hosts)); }

TEST(DeviceChoice, CudaNamesTheFirstRankThatCannot) {
  EXPECT_TRUE(use_cuda(DeviceChoice::Cuda, all_can, hosts));
  try {
    use_cuda(DeviceChoice::Cuda, one_cannot, hosts);
    FAIL() << "was not refused";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "device: found cuda; rank 1 (node02): there is no CUDA device; allowed here: cpu or auto");
  }
}

TEST(DeviceChoice, RanksCountOnTheirMachine) {
  EXPECT_EQ(local_rank(0, hosts), 0);
  EXPECT_EQ(local_rank(1, hosts), 0);
  EXPECT_EQ(local_rank(2, hosts), 1);
}

}  // namespace
}  // namespace ballast
