// The top-level settings that all algorithms of `ballast train` share.
#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "launch/placement_choice.h"
#include "orchestrator/command_stream.h"
#include "workers/worker_settings.h"

namespace ballast {

enum class Algorithm : std::uint8_t { ppo_lag, ppo, sft, reward, cost };
inline constexpr std::array<std::pair<Algorithm, std::string_view>, 5> algorithm_names{{
    {Algorithm::ppo_lag, "ppo_lag"},
    {Algorithm::ppo, "ppo"},
    {Algorithm::sft, "sft"},
    {Algorithm::reward, "reward"},
    {Algorithm::cost, "cost"},
}};
constexpr const auto& enum_names(Algorithm) { return algorithm_names; }

// The base of every algorithm's configuration, which describes these settings beside its own.
struct JobConfig {
  Algorithm algorithm = Algorithm::ppo_lag;
  std::filesystem::path output = "runs/train";
  std::int64_t threads_per_rank = 1;
  std::optional<std::string> control_address;
  PlacementChoice placement;
  StreamConfig stream;
  std::optional<std::string> cluster;
  WorkerSettings workers;

  template <typename Fields>
  void describe_run(Fields& field) {
    field("algorithm", algorithm,
          "ppo_lag (reward under a cost limit), ppo (reward alone), sft (texts), reward or cost (a model of pairs)");
    field("output", output, "the run folder; a run that lies there already is moved aside");
    field("seed", workers.seed, "of the order of the data and of sampling");
  }

  template <typename Fields>
  void describe_ranks(Fields& field) {
    field("placement", placement,
          "which ranks play which role; left out: by a simple rule; auto: the fastest on the cluster that is given");
    field("gradient_lanes", workers.gradient_lanes,
          "partial gradient sums, a power of two; 1: fastest, result then depends on the number of replicas")
        .at_least(1);
    field("device", workers.device,
          "what ranks compute on: auto (CUDA where this build and all machines have it), cpu, cuda");
    field("threads_per_rank", threads_per_rank, "CPU threads of each rank; part of what results depend on").at_least(1);
    field("control_address", control_address,
          "interface or IPv4 address of rank 0's host, by which the other ranks reach the orchestrator; left out: of "
          "all that it has the one that leads to each rank");
    field("transfer_timeout_s", workers.transfer_timeout_s, "a transfer that takes longer ends the run").above(0.0);
    field("stream", stream, "the watchdog");
    field("cluster", cluster,
          "what the run's times are held against and `placement: auto` searches for: a YAML file by `ballast plan "
          "--calibrate`, or a name that its --cluster takes; left out: nothing");
  }
};

}  // namespace ballast
