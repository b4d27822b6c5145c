#include "algorithms/language_model_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/algorithms/close.h"

namespace ballast {
namespace {

TEST(LanguageModelLoss, EachPositionPredictsTheNextLabelAndTheLastPredictsNothing) {
  const auto labels = torch::tensor({{-100, 5, 7}, {-100, -100, 3}});
  EXPECT_THAT(next_token_targets(labels), IsClose(torch::tensor({{5, 7, -100}, {-100, 3, -100}})));
  EXPECT_EQ(count_targets(next_token_targets(labels)), 3);
}

TEST(LanguageModelLoss, TheFirstLabelIsNeverPredicted) {
  EXPECT_EQ(count_targets(next_token_targets(torch::tensor({{4, -100, -100}}))), 0);
}

TEST(LanguageModelLoss, OfUniformLogitsIsTheLogOfTheVocabulary) {
  const auto loss = language_model_loss(torch::zeros({3, 8}), torch::tensor({1, -100, 2}), 2);
  EXPECT_THAT(loss, IsClose(torch::tensor(std::log(8.0))));
}

TEST(LanguageModelLoss, SharesOfMicroBatchesSumToTheLossOfTheMiniBatch) {
  const auto logits = torch::arange(12, torch::kFloat32).reshape({3, 4}).sin();
  const auto targets = torch::tensor({1, 3, 0});
  const auto whole = language_model_loss(logits, targets, 3);
  const auto parts = language_model_loss(logits.slice(0, 0, 1), targets.slice(0, 0, 1), 3) +
                     language_model_loss(logits.slice(0, 1), targets.slice(0, 1), 3);
  EXPECT_THAT(parts, IsClose(whole));
}

TEST(LanguageModelLoss, WithoutAnyTargetIsNan) {
  const auto loss = language_model_loss(torch::zeros({2, 4}), torch::tensor({-100, -100}), 0);
  EXPECT_TRUE(std::isnan(loss.item<double>()));
}

}  // namespace
}  // namespace ballast
