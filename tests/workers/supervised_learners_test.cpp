// Text and preference learners in one process, replicas as threads.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>
#include <functional>
#include <thread>

#include "comm/loopback_communicator.h"
#include "tests/workers/model/tiny_models.h"
#include "workers/preference_learner.h"
#include "workers/text_learner.h"

namespace ballast {
namespace {

using testing::DoubleNear;

constexpr std::int64_t steps = 30;

SupervisedSettings tiny_settings() {
  SupervisedSettings settings;
  settings.model = tiny_model(Family::Llama);
  settings.optimizer = {.learning_rate = 1e-2, .schedule = LrSchedule::ConstantWithWarmup};
  return settings;
}

// Two micro-batches; the preferred response ends with token 20, the other with 10.
LearnPairs pairs_of(Role role) {
  std::vector<std::vector<PairRow>> micro_batches(2);
  for (std::int64_t i = 0; i < 8; ++i) {
    micro_batches[i / 4].push_back(
        {.preferred = {3 + i, 5, 20}, .other = {3 + i, 10}, .preferred_sign = 1, .other_sign = -1});
  }
  return {.role = role, .pairs = 8, .micro_batches = micro_batches};
}

LearnText texts() {
  LearnText learn{.micro_batches = {{}, {}}};
  for (std::int64_t i = 0; i < 8; ++i) {
    learn.micro_batches[i / 4].push_back({.tokens = {3 + i, 4 + i, 5 + i}, .labelled = {false, true, true}});
  }
  learn.targets = 16;
  return learn;
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// Trains and saves on each replica, of which the first one writes.
std::string trained_weights(int replicas, const std::function<void(Replicas, const std::string& folder)>& train) {
  const TemporaryFolder folder;
  LoopbackWorld world(replicas);
  std::vector<std::jthread> threads;
  for (int replica = 0; replica < replicas; ++replica) {
    threads.emplace_back([&, replica] {
      at::set_num_threads(1);
      const auto communicator = world.communicator(replica);
      train({.communicator = replicas > 1 ? communicator.get() : nullptr},
            (folder.path() / std::to_string(replica)).string());
    });
  }
  threads.clear();
  EXPECT_FALSE(replicas > 1 && std::filesystem::exists(folder.path() / "1"));
  return contents(folder.path() / "0" / "model.safetensors");
}

TEST(PreferenceLearner, TheFirstLossIsThatOfTheUntrainedModelsEndScores) {
  PreferenceLearner learner(Role::Reward, tiny_settings(), steps, {});
  const auto learn = pairs_of(Role::Reward);
  const auto untrained = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = learn.micro_batches[0]});
  double expected = 0.0;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto preferred = untrained.values.at("preferred_score")[i];
    const auto other = untrained.values.at("other_score")[i];
    expected += std::log1p(std::exp(other - preferred)) + 0.0005 * (preferred * preferred + other * other);
  }
  const auto event = learner.learn(learn);
  EXPECT_THAT(event.micro_batches.values.at("loss")[0], DoubleNear(expected / 8, 1e-6));
  EXPECT_EQ(event.micro_batches.values.at("tokens")[0], 20.0);
  EXPECT_FALSE(event.micro_batches.values.contains("accuracy_sign"));
}

TEST(PreferenceLearner, ARewardModelLearnsWhichResponseIsBetter) {
  PreferenceLearner learner(Role::Reward, tiny_settings(), steps, {});
  for (std::int64_t step = 0; step < steps; ++step) learner.learn(pairs_of(Role::Reward));
  const auto figures = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = pairs_of(Role::Reward).micro_batches[1]});
  EXPECT_THAT(figures.values.at("accuracy"), testing::Each(1.0));
  EXPECT_THAT(figures.values.at("loss"), testing::Each(testing::Lt(0.1)));
}

TEST(PreferenceLearner, ACostModelLearnsTheSignOfSafetyToo) {
  PreferenceLearner learner(Role::Cost, tiny_settings(), steps, {});
  for (std::int64_t step = 0; step < steps; ++step) learner.learn(pairs_of(Role::Cost));
  const auto figures = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = pairs_of(Role::Cost).micro_batches[1]});
  EXPECT_THAT(figures.values.at("accuracy_sign"), testing::Each(1.0));
  EXPECT_THAT(figures.values.at("preferred_score"), testing::Each(testing::Lt(0.0)));
  EXPECT_THAT(figures.values.at("other_score"), testing::Each(testing::Gt(0.0)));
}

TEST(PreferenceLearner, TokenWiseComparesEveryPositionFromTheFirstDifferenceOn) {
  auto settings = tiny_settings();
  settings.loss.loss_type = PreferenceLossType::TokenWise;
  PreferenceLearner learner(Role::Reward, settings, steps, {});
  PreferenceLearner by_sequence(Role::Reward, tiny_settings(), steps, {});
  const auto learn = pairs_of(Role::Reward);
  EXPECT_NE(learner.learn(learn).micro_batches.values.at("loss"),
            by_sequence.learn(learn).micro_batches.values.at("loss"));
  for (std::int64_t step = 1; step < steps; ++step) learner.learn(learn);
  const auto figures = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = learn.micro_batches[0]});
  EXPECT_THAT(figures.values.at("accuracy"), testing::Each(1.0));
}

TEST(PreferenceLearner, LeavesTheSameBitsOnOneAndTwoReplicas) {
  const auto train = [](Replicas replicas, const std::string& folder) {
    PreferenceLearner learner(Role::Cost, tiny_settings(), steps, replicas);
    for (std::int64_t step = 0; step < 3; ++step) learner.learn(pairs_of(Role::Cost));
    learner.save(folder);
  };
  EXPECT_EQ(trained_weights(1, train), trained_weights(2, train));
}

TEST(PreferenceLearner, TheNormaliserFollowsTheEndScoresOfTheWholeMiniBatch) {
  const TemporaryFolder folder;
  PreferenceLearner learner(Role::Reward, tiny_settings(), steps, {});
  const auto learn = pairs_of(Role::Reward);
  std::vector<double> scores;
  for (const auto& rows : learn.micro_batches) {
    const auto untrained = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = rows});
    for (const auto* half : {"preferred_score", "other_score"}) {
      scores.insert(scores.end(), untrained.values.at(half).begin(), untrained.values.at(half).end());
    }
  }
  learner.learn(learn);
  learner.save(folder.path().string());
  const auto normalizer = ScoreModel::from_folder(folder.path(), Use::Infer)->normalizer();
  const auto scores_N = torch::tensor(scores, torch::kDouble);
  EXPECT_EQ(normalizer.count, 16);
  EXPECT_THAT(normalizer.mean_D.item<double>(), DoubleNear(0.1 * scores_N.mean().item<double>(), 1e-7));
  EXPECT_THAT(normalizer.var_D.item<double>(), DoubleNear(0.9 + 0.1 * scores_N.var().item<double>(), 1e-6));
}

TEST(TextLearner, LearnsItsTexts) {
  TextLearner learner(tiny_settings(), steps, {});
  const auto first = learner.learn(texts());
  EXPECT_THAT(first.micro_batches.values.at("loss")[0], DoubleNear(std::log(37.0) / 2, 0.1));
  Event last;
  for (std::int64_t step = 1; step < steps; ++step) last = learner.learn(texts());
  EXPECT_LT(last.micro_batches.values.at("loss")[0], 0.4);
}

TEST(TextLearner, EvaluatesWhatItWouldLearn) {
  TextLearner learner(tiny_settings(), steps, {});
  const auto figures = learner.evaluate({.row_ids = {0, 1, 2, 3}, .rows = texts().micro_batches[0]});
  double sum = 0.0;
  for (const double loss : figures.values.at("loss_sum")) sum += loss;
  EXPECT_THAT(learner.learn(texts()).micro_batches.values.at("loss")[0], DoubleNear(sum / 16, 1e-6));
}

TEST(TextLearner, LeavesTheSameBitsOnOneAndTwoReplicas) {
  const auto train = [](Replicas replicas, const std::string& folder) {
    TextLearner learner(tiny_settings(), steps, replicas);
    for (std::int64_t step = 0; step < 3; ++step) learner.learn(texts());
    learner.save(folder);
  };
  EXPECT_EQ(trained_weights(1, train), trained_weights(2, train));
}

TEST(TextLearner, SavesTheTokenizersFilesWithTheModel) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "tokenizer");
  std::ofstream(folder.path() / "tokenizer" / "tokenizer.json") << "{}";
  std::ofstream(folder.path() / "tokenizer" / "notes.txt") << "mine";
  auto settings = tiny_settings();
  settings.model.tokenizer = folder.path() / "tokenizer";
  TextLearner(settings, steps, {}).save((folder.path() / "saved").string());
  EXPECT_EQ(contents(folder.path() / "saved" / "tokenizer.json"), "{}");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "saved" / "notes.txt"));
}

}  // namespace
}  // namespace ballast
