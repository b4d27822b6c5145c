// Runs every golden end-to-end folder as commands through the queues, on as many ranks as mpirun starts, and compares
// with the reference implementation. Usage: golden_end_to_end OUTPUT_FOLDER; leaves each run in OUTPUT_FOLDER/NAME.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>

#include "launch/session.h"
#include "orchestrator/auto_placement.h"
#include "tests/distributed/end_to_end_case.h"
#include "tests/golden/golden_case.h"

namespace ballast::golden {
namespace {

std::vector<std::filesystem::path> end_to_end_folders() {
  std::vector<std::filesystem::path> folders;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(golden_root())) {
    if (entry.is_directory() && entry.path().filename().string().starts_with("e2e-")) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

std::vector<Role> roles_of_case(const EndToEndCase& end_to_end) {
  if (!end_to_end.constrained) return {Role::Actor, Role::Reference, Role::Reward, Role::RewardCritic};
  return {Role::Actor, Role::Reference, Role::Reward, Role::Cost, Role::RewardCritic, Role::CostCritic};
}

int run_case(const EndToEndCase& end_to_end, const std::filesystem::path& run_folder, World& world) {
  FailureReport failure;
  const auto placement = auto_placement({.roles = roles_of_case(end_to_end), .shards = {}, .world_size = world.size()});
  Session session(
      {.world = world, .placement = placement, .workers = end_to_end.workers, .stream = {}, .failure = failure});
  return session.run([&](CommandStream& stream) {
    Metrics metrics;
    stream.add_listener([&](const Command& command, int, const Event& event) { metrics.take_in(command, event); });
    Journal journal(run_folder);
    const auto rollouts = given_rollouts(end_to_end);
    CastHandles roles(placement, stream, metrics);
    roles.load(training_steps(end_to_end.loop));
    RunRecord record(stream, metrics, journal,
                     {.on_iteration = [](auto, const auto&) {},
                      .on_evaluation = [](auto, const auto&) {},
                      .on_sample = [](const auto&) {}});
    Checkpoints checkpoints([&](const std::string& folder) { roles.save(folder); }, stream, {}, run_folder);
    train_ppo_lag(
        roles, end_to_end.loop,
        {.stream = stream, .metrics = metrics, .record = record, .checkpoints = checkpoints, .prompts = *rollouts});
  });
}

// Returns the number of differences, on rank 0.
std::size_t check(const std::filesystem::path& folder, const std::filesystem::path& output, World& world) {
  const auto end_to_end = read_end_to_end_case(folder);
  const auto run_folder = output / folder.filename();
  if (world.rank() == 0) {
    std::filesystem::remove_all(run_folder);
    std::filesystem::create_directories(run_folder);
  }
  if (run_case(end_to_end, run_folder, world) != 0) return 1;
  if (world.rank() != 0) return 0;
  const auto found = differences(end_to_end, run_folder);
  for (const auto& difference : found) fmt::print(stderr, "{}: {}\n", folder.string(), difference);
  fmt::print("{}: {} steps on {} ranks, {} differences\n", folder.string(),
             end_to_end.expected.at("per_step_metrics").size(), world.size(), found.size());
  return found.size();
}

}  // namespace
}  // namespace ballast::golden

int main(int argc, char** argv) {
  using namespace ballast;
  if (argc != 2) {
    fmt::print(stderr, "usage: golden_end_to_end OUTPUT_FOLDER\n");
    return 2;
  }
  at::set_num_threads(1);
  World world(&argc, &argv);
  const auto folders = golden::end_to_end_folders();
  std::size_t differences = 0;
  for (const auto& folder : folders) differences += golden::check(folder, argv[1], world);
  if (world.rank() == 0) fmt::print("golden end-to-end folders: {} ran on {} ranks\n", folders.size(), world.size());
  world.close();
  return differences == 0 && !folders.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}
