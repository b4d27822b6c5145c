#include "launch/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ballast {
namespace {

TEST(Environment, KnowsTheRankThatALauncherGave) {
  for (const char* name : {"PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"}) {
    setenv(name, "3", 1);
    EXPECT_EQ(launcher_rank(), 3) << name;
    EXPECT_TRUE(has_launcher()) << name;
    unsetenv(name);
  }
}

TEST(Environment, IsRankZeroWithoutALauncherOrWithNonsense) {
  EXPECT_EQ(launcher_rank(), 0);
  EXPECT_FALSE(has_launcher());
  setenv("PMIX_RANK", "three", 1);
  EXPECT_EQ(launcher_rank(), 0);
  unsetenv("PMIX_RANK");
}

}  // namespace
}  // namespace ballast
