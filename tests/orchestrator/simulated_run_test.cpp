// The loop, handles and schedule of a real run over ranks whose time is modelled.
#include "orchestrator/simulated_run.h"

#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

namespace ballast {
namespace {

std::vector<int> range(int begin, int end) {
  std::vector<int> ranks(static_cast<std::size_t>(end - begin));
  std::iota(ranks.begin(), ranks.end(), begin);
  return ranks;
}

constexpr std::array all_roles{Role::Actor, Role::Reference,    Role::Reward,
                               Role::Cost,  Role::RewardCritic, Role::CostCritic};

Workload workload() {
  const ModelShape shape{.layers = 4.0,
                         .hidden = 256.0,
                         .query_width = 256.0,
                         .key_width = 128.0,
                         .layer_weights = 1e6,
                         .head_weights = 2e5,
                         .parameters = 5e6};
  Workload work{.batch = {.rollout = 64, .mini_batch = 32, .micro_batch = 2, .max_length = 64},
                .prompt = 16.0,
                .response = 32.0,
                .slots = 16.0};
  for (const Role role : all_roles) work.roles[role] = {.model = shape};
  return work;
}

const Cluster four_nodes{.nodes = 4, .devices = 8};

// Without messages' time: these leave in another order where fewer ranks are simulated.
Cluster without_messages() {
  auto cluster = four_nodes;
  cluster.message_s = 0.0;
  return cluster;
}

Placement everywhere(int ranks) {
  Placement placement;
  for (const Role role : all_roles) placement[role] = Layout(range(0, ranks));
  return placement;
}

// Actors on two nodes, critics with two shards each on the third, frozen scorers on the fourth.
Placement apart() {
  return {{Role::Actor, Layout(range(0, 16))},          {Role::RewardCritic, Layout(range(16, 24), 2)},
          {Role::CostCritic, Layout(range(16, 24), 2)}, {Role::Reference, Layout(range(24, 28))},
          {Role::Reward, Layout(range(28, 32))},        {Role::Cost, Layout(range(28, 32))}};
}

void expect_same(const SimulatedRun& classes, const SimulatedRun& all) {
  for (const auto& [name, value] : all.figures) {
    EXPECT_NEAR(classes.figures.at(name), value, 1e-9 * std::abs(value) + 1e-12) << name;
  }
  for (const auto& [what, name] : sent_for_names) {
    EXPECT_NEAR(classes.bytes.of(what).within, all.bytes.of(what).within, 1e-6) << name;
    EXPECT_NEAR(classes.bytes.of(what).between, all.bytes.of(what).between, 1e-6) << name;
  }
  EXPECT_NEAR(classes.end - classes.begin, all.end - all.begin, 1e-9);
}

TEST(SimulatedRun, ClassesOfEqualRanksGiveTheNumbersOfAllRanks) {
  for (const auto& placement : {everywhere(8), everywhere(32), apart()}) {
    const auto classes = simulate(workload(), without_messages(), placement);
    const auto all = simulate(workload(), without_messages(), placement, {.each_rank = true});
    EXPECT_GT(classes.columns, 1);
    EXPECT_EQ(all.columns, 1);
    expect_same(classes, all);
  }
}

TEST(SimulatedRun, WithZeroAndMessagesInAnotherOrderClassesAreClose) {
  auto work = workload();
  for (auto& [role, of_role] : work.roles) of_role.zero = true;
  const auto classes = simulate(work, four_nodes, apart());
  const auto all = simulate(work, four_nodes, apart(), {.each_rank = true});
  EXPECT_NEAR(classes.figures.at("time/iteration"), all.figures.at("time/iteration"),
              0.03 * all.figures.at("time/iteration"));
  EXPECT_NEAR(classes.orchestrator_s, all.orchestrator_s, 0.01 * all.orchestrator_s);
}

TEST(SimulatedRun, SharesAddUpToOne) {
  const auto run = simulate(workload(), four_nodes, apart());
  double sum = 0.0;
  for (const auto& [name, value] : run.figures) {
    if (name.starts_with("share/")) sum += value;
  }
  EXPECT_NEAR(sum, 1.0, 0.01);
}

TEST(SimulatedRun, TheCriticalPathFillsTheIteration) {
  auto cluster = without_messages();
  cluster.control_latency_s = 0.0;
  const auto run = simulate(workload(), cluster, apart());
  double reached = run.begin;
  for (const auto& step : run.critical_path) {
    EXPECT_NEAR(step.begin, reached, 1e-9) << describe(*step.command);
    reached = step.end;
  }
  EXPECT_NEAR(reached, run.end, 1e-9);
}

TEST(SimulatedRun, MoreReplicasOfTheActorGenerateSooner) {
  auto few = apart();
  few[Role::Actor] = Layout(range(0, 8));
  const auto slow = simulate(workload(), four_nodes, few);
  const auto fast = simulate(workload(), four_nodes, apart());
  EXPECT_GT(slow.figures.at("time/generate"), 1.5 * fast.figures.at("time/generate"));
}

TEST(SimulatedRun, RanksThatShareADeviceTakeAsLongAsTheirWork) {
  const Cluster one_device{.nodes = 1, .devices = 1, .command_s = 0.0};
  Placement one_each;
  Placement all_on_one;
  int rank = 0;
  for (const Role role : all_roles) {
    one_each[role] = {rank++};
    all_on_one[role] = {0};
  }
  const double shared = simulate(workload(), one_device, one_each).figures.at("time/iteration");
  const double alone = simulate(workload(), one_device, all_on_one).figures.at("time/iteration");
  EXPECT_GT(shared, 0.9 * alone);
  EXPECT_LT(shared, 1.1 * alone);
}

TEST(SimulatedRun, WritesItsTimelineAsATrace) {
  const auto file = std::filesystem::temp_directory_path() / "ballast_simulated_run_trace.json";
  simulate(workload(), four_nodes, apart(), {.trace = file});
  std::ifstream text(file);
  const auto events = nlohmann::json::parse(text);
  EXPECT_EQ(events.at(2).at("args").at("name"), "rank 0: actor (node0)");
  EXPECT_TRUE(std::ranges::any_of(events, [](const auto& event) { return event.at("name") == "Generate"; }));
  std::filesystem::remove(file);
}

TEST(SimulatedRun, RowsCutByTokensAreLearntFromInMicroBatchesOfTheBudget) {
  auto work = workload();
  work.batch.tokens_per_micro_batch = 8 * 48;  // eight rows
  const auto by_tokens = simulate(work, four_nodes, apart());
  const auto by_rows = simulate(workload(), four_nodes, apart());
  EXPECT_EQ(by_tokens.columns, 1) << "rows change replicas";
  EXPECT_GT(by_tokens.bytes.of(SentFor::Transfer).sum(), by_rows.bytes.of(SentFor::Transfer).sum());
}

TEST(SimulatedRun, OneStepAheadTheActorGeneratesWhileTheCriticsLearn) {
  auto work = workload();
  const auto in_turn = simulate(work, without_messages(), apart());
  work.one_step_ahead = true;
  const auto ahead = simulate(work, without_messages(), apart());
  EXPECT_LT(ahead.iteration_s(), in_turn.iteration_s());
  EXPECT_NEAR(ahead.figures.at("time/generate"), in_turn.figures.at("time/generate"), 1e-9);
}

TEST(SimulatedRun, AReplicaMoreOfASupervisedJobHalvesItsSteps) {
  auto work = workload();
  work.batch = {.rollout = 32, .mini_batch = 32, .micro_batch = 2, .max_length = 64};
  for (const Role role : {Role::Actor, Role::Reward}) {
    work.roles = {{role, workload().roles.at(role)}};
    const auto one = simulate_supervised(work, without_messages(), {{role, {0}}});
    const auto two = simulate_supervised(work, without_messages(), {{role, {0, 1}}});
    const auto two_of_them = simulate_supervised(work, without_messages(), {{role, {0, 1}}}, {.each_rank = true});
    EXPECT_NEAR(two.iteration_s(), one.iteration_s() / 2.0, 0.1 * one.iteration_s());
    EXPECT_NEAR(two.iteration_s(), two_of_them.iteration_s(), 1e-9);
    EXPECT_GT(two.bytes.of(SentFor::Gradients).within, 0.0);
    EXPECT_NEAR(two.figures.at("time/learn"), two.iteration_s(), 0.1 * two.iteration_s());
  }
}

TEST(SimulatedRun, PlainPpoHasNoCost) {
  auto work = workload();
  auto placement = apart();
  for (const Role role : {Role::Cost, Role::CostCritic}) {
    work.roles.erase(role);
    placement.erase(role);
  }
  const auto run = simulate(work, four_nodes, placement);
  EXPECT_FALSE(run.figures.contains("train/lambda"));
  EXPECT_GT(run.figures.at("time/iteration"), 0.0);
}

}  // namespace
}  // namespace ballast
