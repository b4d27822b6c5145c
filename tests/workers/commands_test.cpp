#include "workers/commands.h"

#include <gtest/gtest.h>

namespace ballast {
namespace {

Command round_trip(const Command& command) {
  const nlohmann::json json = command;
  return nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(json)).get<Command>();
}

TEST(Commands, EveryKindSurvivesTheWire) {
  const std::vector<CommandBody> bodies{
      Load{.role = Role::CostCritic, .training_steps = 7},
      Generate{.key = {3, 1},
               .iteration = 2,
               .max_length = 9,
               .row_ids = {4, 5},
               .prompts = {{1, 2}, {3}},
               .responses = {{6}, {}}},
      Transfer{.key = {3, 1}, .rows = 2, .max_length = 9, .legs = {{Field::CostReturns, 0, 5}}},
      Score{.role = Role::Cost, .key = {3, 1}, .row_ids = {4, 5}},
      BuildExperience{.key = {3, 1}, .row_ids = {4, 5}},
      Regroup{.role = Role::CostCritic,
              .from = 3,
              .into = 4,
              .max_length = 9,
              .fields = {Field::Tokens, Field::CostReturns},
              .micro_batches = {{{.micro_batch = 1, .row = 2}}, {}},
              .ranks = {0, 5},
              .shards = 2},
      Learn{.step = 11,
            .batch = 3,
            .micro_batches = {0, 1},
            .rows = 4,
            .lambda = 1.25,
            .ptx = {{{.tokens = {1, 2}, .labelled = {false, true}}}}},
      LoadLearner{.role = Role::Cost, .training_steps = 7},
      LearnText{.step = 11, .targets = 1, .micro_batches = {{{.tokens = {1, 2}, .labelled = {false, true}}}, {}}},
      LearnPairs{.role = Role::Cost,
                 .step = 11,
                 .pairs = 1,
                 .micro_batches = {{{.preferred = {1}, .other = {2}, .preferred_sign = 1, .other_sign = -1}}}},
      EvaluateText{.row_ids = {4}, .rows = {{.tokens = {1, 2}, .labelled = {false, true}}}},
      EvaluatePairs{.role = Role::Reward, .row_ids = {4}, .rows = {{.preferred = {1}, .other = {2}}}},
      Save{.role = Role::Actor, .folder = "runs/x"},
      Free{.batch = 3}};
  ASSERT_EQ(bodies.size(), std::variant_size_v<CommandBody>);
  for (const auto& body : bodies) {
    const Command command{.number = 12, .iteration = 2, .micro_batch = 1, .ranks = {0, 5}, .body = body};
    const auto copy = round_trip(command);
    EXPECT_EQ(nlohmann::json(copy), nlohmann::json(command)) << describe(command);
    EXPECT_EQ(copy.body.index(), body.index());
  }
}

TEST(Commands, AnUnknownKindIsRefused) {
  nlohmann::json json = Command{.ranks = {0}, .body = Free{}};
  json["name"] = "Explode";
  EXPECT_THROW(json.get<Command>(), std::invalid_argument);
}

TEST(Commands, ADescriptionNamesKindRoleAndPlace) {
  const Command command{
      .number = 12, .iteration = 1, .micro_batch = 0, .ranks = {3}, .body = Score{.role = Role::Cost}};
  EXPECT_EQ(describe(command), "Score cost #12 (iteration 1, micro-batch 0)");
}

TEST(Events, AFailedEventSurvivesTheWire) {
  const Event event{.command = 5,
                    .kind = EventKind::failed,
                    .seconds = 0.5,
                    .store_bytes = 10,
                    .moved = {{"transfer", 24}},
                    .peak_bytes = {{"in_all", 30}, {"parameters", 20}},
                    .rows = {.ids = {1, 2}, .values = {{"cost", {0.5, -1.0}}}},
                    .scalars = {{"lr", 1e-3}},
                    .error = "no such file",
                    .user_error = true};
  const nlohmann::json json = event;
  const auto copy = nlohmann::json::from_msgpack(nlohmann::json::to_msgpack(json)).get<Event>();
  EXPECT_EQ(nlohmann::json(copy), json);
}

TEST(Events, WhatAnEventHasNothingOfDoesNotTravel) {
  const nlohmann::json json = Event{.command = 5, .kind = EventKind::finished, .seconds = 0.5};
  EXPECT_EQ(json, (nlohmann::json{{"command", 5}, {"kind", EventKind::finished}, {"seconds", 0.5}}));
  EXPECT_EQ(json.get<Event>().error, "");
}

TEST(Commands, RanksTravelAsRuns) {
  const Command command{.ranks = {0, 1, 2, 3, 7, 9, 10}, .body = Free{}};
  const nlohmann::json json = command;
  EXPECT_EQ(json["ranks"], (nlohmann::json{{0, 3}, {7, 7}, {9, 10}}));
  EXPECT_EQ(json.get<Command>().ranks, command.ranks);
}

}  // namespace
}  // namespace ballast
