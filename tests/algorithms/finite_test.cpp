#include "algorithms/finite.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(Finite, AFiniteLossPasses) { EXPECT_NO_THROW(require_finite(torch::tensor({1.0, -2.0}), "actor_loss")); }

TEST(Finite, TheErrorNamesLossValueAndRow) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(
      [&] {
        require_finite(torch::tensor({1.0, nan, nan}), "actor_loss");
      },
      testing::ThrowsMessage<NonFiniteLoss>("actor_loss is nan in row 1 of 3 (2 rows in all)"));
}

TEST(Finite, AnInfiniteLossIsNotFinite) {
  try {
    require_finite(torch::tensor({0.0, 0.0, -std::numeric_limits<double>::infinity()}), "cost_critic_loss");
    FAIL() << "no error";
  } catch (const NonFiniteLoss& error) {
    EXPECT_EQ(error.row(), 2);
  }
}

}  // namespace
}  // namespace ballast
