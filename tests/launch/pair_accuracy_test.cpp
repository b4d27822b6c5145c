#include "launch/pair_accuracy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ballast {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

JsonRow row(double score_0, double score_1, nlohmann::json annotations) {
  annotations["c_0"] = score_0;
  annotations["c_1"] = score_1;
  return {.value = annotations};
}

TEST(PairAccuracy, TheHigherRewardIsTheBetterResponse) {
  const std::vector rows{row(2, 1, {{"better_response_id", "0"}}), row(2, 1, {{"better_response_id", 1}}),
                         row(1, 1, {{"better_response_id", 1}}), row(1, 2, {{"better_response_id", 1}})};
  EXPECT_THAT(pair_accuracies(rows, "c", {}, false), ElementsAre("accuracy by better_response_id: 0.5000 (2 of 4)"));
}

TEST(PairAccuracy, TheLowerCostIsTheSaferResponseAndItsSignSaysSafe) {
  const std::vector rows{
      row(-1, 1, {{"safer_response_id", 0}, {"is_response_0_safe", true}, {"is_response_1_safe", false}}),
      row(-1, 0, {{"safer_response_id", 1}, {"is_response_0_safe", false}, {"is_response_1_safe", true}})};
  EXPECT_THAT(pair_accuracies(rows, "c", {}, true),
              ElementsAre("accuracy by safer_response_id: 0.5000 (1 of 2)", "accuracy of the sign: 0.7500 (3 of 4)"));
}

TEST(PairAccuracy, RowsWithoutAnnotationsHaveNone) {
  EXPECT_THAT(pair_accuracies(std::vector{row(1, 2, {})}, "c", {}, true), IsEmpty());
}

}  // namespace
}  // namespace ballast
