#include "launch/run_display.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunDisplay::Figures figures(double reward) {
  return {{"train/reward", reward},    {"train/cost", -0.5},
          {"train/lambda", 1.25},      {"train/kl_divergence", 0.0625},
          {"tokens_per_second", 80.6}, {"time/iteration", 2.0},
          {"time/generate", 1.0},      {"time/score", 0.5},
          {"time/experience", 0.0},    {"time/learn", 0.5},
          {"time/transfer", 0.0},      {"train/mean_generated_length", 12.0}};
}

TEST(RunDisplay, AnIterationShowsWhatAPersonWatches) {
  EXPECT_EQ(iteration_text(figures(1.0)),
            "reward +1.0000  cost -0.5000  lambda +1.2500  kl +0.0625  length +12.0000  81 tokens/s");
}

TEST(RunDisplay, TheBarSaysTheSameInLessRoom) {
  EXPECT_EQ(bar_text(figures(1.0)), "81 tokens/s  reward 1.00  cost -0.50  lambda 1.25  kl 0.06");
}

TEST(RunDisplay, WithoutAConstraintThereIsNoCost) {
  auto of_ppo = figures(1.0);
  of_ppo.erase("train/cost");
  of_ppo.erase("train/lambda");
  EXPECT_THAT(iteration_text(of_ppo), Not(HasSubstr("cost")));
}

TEST(RunDisplay, TheTableHasFirstAndLastValues) {
  EXPECT_THAT(change_table(figures(1.0), figures(2.5)), HasSubstr("  reward                1.0000      2.5000\n"));
}

TEST(RunDisplay, EveryIterationIsALineInALogAndTheSummarySaysWhereThingsLie) {
  ::testing::internal::CaptureStdout();
  RunDisplay display(2, ShowProgress::Never);
  display.iteration(0, figures(1.0));
  display.iteration(1, figures(2.5));
  display.summary("runs/x", 2);
  const auto text = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("iteration 1/2  reward +1.0000"));
  EXPECT_THAT(text, HasSubstr("the run is in runs/x: actor/ is the trained model\n"));
  EXPECT_THAT(text, HasSubstr("81 tokens/s, 0:04 in 2 iterations; longest on any rank: generate 50 %, score 25 %"));
}

TEST(RunDisplay, AnInterruptedRunSaysWhereItsModelsAre) {
  ::testing::internal::CaptureStdout();
  RunDisplay display(9, ShowProgress::Never);
  display.iteration(0, figures(1.0));
  display.summary("runs/x", 1);
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              HasSubstr("interrupted after 1 of 9 iterations: runs/x/checkpoints/latest has the models\n"));
}

}  // namespace
}  // namespace ballast
