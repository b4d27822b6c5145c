// Held-out prompts through the handles of a real run over simulated ranks.
#include "orchestrator/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/orchestrator/simulated_ranks.h"

namespace ballast {
namespace {

const Placement one_rank_each{{Role::Actor, {0}}, {Role::Reference, {1}},    {Role::Reward, {2}},
                              {Role::Cost, {3}},  {Role::RewardCritic, {4}}, {Role::CostCritic, {5}}};

// A row's figures depend on the first token of its prompt, which its id tells: rewards 0, 1, 2, ...
Event by_row_number(const Command& command, int /*rank*/) {
  constexpr auto row_number_bits = (std::int64_t{1} << 20) - 1;
  Event event;
  const auto rows = [&](const std::vector<std::int64_t>& ids, const char* name, double factor, double offset) {
    event.rows.ids = ids;
    auto& values = event.rows.values[name];
    for (const auto id : ids) values.push_back(static_cast<double>(id & row_number_bits) * factor + offset);
  };
  if (const auto* generate = std::get_if<Generate>(&command.body)) {
    rows(generate->row_ids, "generated_length", 1.0, 0.0);  // the first row's response is empty
    rows(generate->row_ids, "truncated", 0.0, 1.0);
  }
  if (const auto* score = std::get_if<Score>(&command.body)) {
    if (score->role == Role::Cost) rows(score->row_ids, "cost", 2.0, 0.0);
  }
  if (const auto* build = std::get_if<BuildExperience>(&command.body)) {
    rows(build->row_ids, "reward", 1.0, 0.0);
    rows(build->row_ids, "cost", 2.0, 0.0);
    rows(build->row_ids, "kl_divergence", 0.0, 0.25);
  }
  return event;
}

struct Evaluated {
  SimulatedRanks ranks{1, by_row_number};
  StepMetrics figures;

  explicit Evaluated(std::int64_t rows) {
    CommandStream stream(ranks, {one_rank_each, std::vector<std::string>(6, "host")}, {});
    Metrics metrics;
    stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    CastHandles roles(one_rank_each, stream, metrics);
    const BatchConfig batch{.rollout = 4, .mini_batch = 4, .micro_batch = 2, .max_length = 8};
    const std::vector<TokenIds> prompts(static_cast<std::size_t>(rows), TokenIds{5});
    figures = evaluate(roles, held_out_batch(prompts, batch), stream, metrics);
  }
};

TEST(Evaluation, TakesMeansAndTheirStandardErrorsOverRowsWithAResponse) {
  const Evaluated evaluated(4);  // rewards 1, 2, 3 count; the last micro-batch is full
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/reward"), 2.0);
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/reward_se"), std::sqrt(1.0 / 3.0));
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/cost"), 4.0);
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/cost_se"), 2.0 * std::sqrt(1.0 / 3.0));
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/kl_divergence"), 0.25);
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/mean_generated_length"), 2.0);
  EXPECT_DOUBLE_EQ(evaluated.figures.at("eval/truncated_share"), 1.0);
}

TEST(Evaluation, TakesRowsThatFillNoMicroBatch) { EXPECT_DOUBLE_EQ(Evaluated(3).figures.at("eval/reward"), 1.5); }

TEST(Evaluation, LearnsNothing) {
  Evaluated evaluated(4);
  for (const int rank : {0, 4, 5}) {
    for (const auto& command : evaluated.ranks.history(rank)) {
      EXPECT_FALSE(std::holds_alternative<Learn>(command.body)) << describe(command);
    }
  }
}

}  // namespace
}  // namespace ballast
