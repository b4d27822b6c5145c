#include "workers/generation/crew.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace ballast {
namespace {

class Crews : public testing::TestWithParam<int> {
 protected:
  void SetUp() override { at::set_num_threads(GetParam()); }
  void TearDown() override { at::set_num_threads(1); }
};

TEST_P(Crews, ShareAllWorkAndNoneTwice) {
  Crew crew;
  EXPECT_EQ(crew.members(), GetParam());
  for (const std::int64_t size : {0, 1, 2, 3, 17}) {
    std::vector<int> done(size);
    crew.run([&](CrewMember& member) {
      const auto [begin, end] = member.share_of(size);
      for (std::int64_t i = begin; i < end; ++i) ++done[i];
    });
    EXPECT_EQ(done, std::vector<int>(size, 1));
  }
}

// Each step reads what the others wrote in the step before.
TEST_P(Crews, SeeAfterAMeetingWhatTheOthersWrote) {
  constexpr std::int64_t size = 7;
  Crew crew;
  std::vector<std::int64_t> sums(size, 1);
  auto next = sums;
  crew.run([&](CrewMember& member) {
    const auto [begin, end] = member.share_of(size);
    for (int step = 0; step < 6; ++step) {
      const auto all = std::accumulate(sums.begin(), sums.end(), std::int64_t{0});
      for (std::int64_t i = begin; i < end; ++i) next[i] = all;
      member.meet();
      for (std::int64_t i = begin; i < end; ++i) sums[i] = next[i];
      member.meet();
    }
  });
  EXPECT_EQ(sums, std::vector<std::int64_t>(size, 7 * 7 * 7 * 7 * 7 * 7));
}

INSTANTIATE_TEST_SUITE_P(Crew, Crews, testing::Values(1, 2, 5));

TEST(Crew, HasOneMemberInsideAParallelRegion) {
  at::set_num_threads(2);
  std::atomic<std::int64_t> members = 0;
  at::parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) { members += Crew().members(); });
  at::set_num_threads(1);
  EXPECT_EQ(members, 2);
}

}  // namespace
}  // namespace ballast
