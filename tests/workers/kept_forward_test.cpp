#include "workers/kept_forward.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace ballast {
namespace {

struct Counted {
  at::Tensor weight = torch::ones({2}).requires_grad_(true);
  int passes = 0;

  KeptForward::Forward forward() {
    return [this] {
      ++passes;
      return weight * 3.0;
    };
  }
};

TEST(KeptForward, IsMadeOnceForTheFirstMicroBatchOfABatch) {
  Counted model;
  KeptForward kept;
  for (const int micro_batch : {0, 1}) {
    const auto scored = kept.score({.batch = 7, .micro_batch = micro_batch}, model.forward());
    EXPECT_FALSE(scored.requires_grad());
    EXPECT_TRUE(torch::equal(scored, torch::full({2}, 3.0)));
  }
  for (const int micro_batch : {0, 1})
    kept.learn({.batch = 7, .micro_batch = micro_batch}, model.forward()).sum().backward();
  EXPECT_EQ(model.passes, 3);
  EXPECT_TRUE(torch::equal(model.weight.grad(), torch::full({2}, 6.0)));
}

TEST(KeptForward, IsMadeAnewOnceTheParametersHaveChangedOrItWasUsed) {
  Counted model;
  KeptForward kept;
  const BatchKey key{.batch = 7, .micro_batch = 0};
  kept.score(key, model.forward());
  kept.drop();
  kept.learn(key, model.forward());
  EXPECT_EQ(model.passes, 2);
  kept.learn(key, model.forward());
  EXPECT_EQ(model.passes, 3);
}

TEST(KeptForward, IsOfTheLatestBatch) {
  Counted model;
  KeptForward kept;
  for (const std::uint64_t batch : {7, 8}) kept.score({.batch = batch, .micro_batch = 0}, model.forward());
  kept.learn({.batch = 8, .micro_batch = 0}, model.forward());
  EXPECT_EQ(model.passes, 2);
}

}  // namespace
}  // namespace ballast
