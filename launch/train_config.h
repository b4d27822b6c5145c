// Everything `ballast train -c FILE` reads.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/placement.h"
#include "orchestrator/train_loop.h"
#include "workers/worker_settings.h"

namespace ballast {

enum class Algorithm : std::uint8_t { ppo_lag, ppo };
inline constexpr std::array<std::pair<Algorithm, std::string_view>, 2> algorithm_names{{
    {Algorithm::ppo_lag, "ppo_lag"},
    {Algorithm::ppo, "ppo"},
}};
constexpr const auto& enum_names(Algorithm) { return algorithm_names; }

struct PromptsConfig {
  RandomPromptsConfig random;

  template <typename Fields>
  void describe(Fields& field) {
    field("random", random, "prompts of random token ids");
  }
};

struct TrainConfig {
  Algorithm algorithm = Algorithm::ppo_lag;
  std::filesystem::path output = "runs/train";
  std::int64_t threads_per_rank = 1;
  PromptsConfig prompts;
  PlacementConfig placement;
  StreamConfig stream;
  LoopConfig loop;
  WorkerSettings workers;

  template <typename Fields>
  void describe(Fields& field) {
    field("algorithm", algorithm, "ppo_lag (reward under a cost limit) or ppo (reward alone)");
    field("output", output, "the run folder; a run that lies there already is moved aside");
    field("seed", workers.seed, "of prompts and sampling");
    field("iterations", loop.iterations, "rollouts to make and learn from").at_least(1);
    field("actor", workers.actor, "the policy that is aligned");
    field("reference", workers.reference, "what the KL penalty is measured against; no model: the actor as it starts");
    field("reward", workers.reward, "the reward model");
    field("cost", workers.cost, "the cost model (ppo_lag)");
    field("reward_critic", workers.reward_critic, "no model: starts as the reward model, head included");
    field("cost_critic", workers.cost_critic, "no model: starts as the cost model, head included");
    field("prompts", prompts, "what the actor is asked");
    field("batch", loop.batch, "how a rollout is cut");
    field("sampling", workers.sampling, "how the actor generates");
    field("ppo", workers.ppo, "the RL step");
    field("lambda", loop.lambda, "the Lagrange multiplier");
    field("placement", placement, "which ranks play which role; left out: automatic");
    field("gradient_lanes", workers.gradient_lanes,
          "partial gradient sums, a power of two; 1: fastest, result then depends on the number of replicas")
        .at_least(1);
    field("threads_per_rank", threads_per_rank, "CPU threads of each rank; part of what results depend on").at_least(1);
    field("transfer_timeout_s", workers.transfer_timeout_s, "a transfer that takes longer ends the run").above(0.0);
    field("stream", stream, "the watchdog");
  }

  std::vector<Role> roles() const;
};

// What a single field cannot show: every violation as 'field: found; allowed'. Reads the headers of the models that are
// named, so that a missing or broken checkpoint is found before anything is written.
std::vector<std::string> violations_of(const TrainConfig& config);

}  // namespace ballast
