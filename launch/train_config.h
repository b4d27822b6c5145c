// Everything `ballast train -c FILE` reads for ppo_lag and ppo.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "launch/job_config.h"
#include "launch/prompt_source.h"
#include "orchestrator/trace.h"
#include "orchestrator/train_loop.h"

namespace ballast {

struct TrainConfig : JobConfig {
  std::optional<std::int64_t> iterations;
  std::optional<std::int64_t> epochs;
  PromptsConfig prompts;
  PtxConfig ptx;
  HeldOutConfig evaluation;
  LoopConfig loop;  // but the iterations, which may depend on the prompts
  CheckpointConfig checkpoint;
  TraceConfig trace;

  template <typename Fields>
  void describe(Fields& field) {
    describe_run(field);
    field("iterations", iterations, "rollouts to make and learn from").at_least(1);
    field("epochs", epochs, "instead of iterations: passes over the prompts, which then are data").at_least(1);
    field("actor", workers.actor, "the policy that is aligned");
    field("reference", workers.reference, "what the KL penalty is measured against; no model: the actor as it starts");
    field("reward", workers.reward, "the reward: a model or a rule");
    field("cost", workers.cost, "the cost (ppo_lag): a model or a rule");
    field("reward_critic", workers.reward_critic,
          "no model: starts as the reward model, head included; must share the actor's tokenizer");
    field("cost_critic", workers.cost_critic,
          "no model: starts as the cost model, head included; must share the actor's tokenizer");
    field("prompts", prompts, "what the actor is asked");
    field("ptx", ptx, "texts whose likelihood the actor shall keep");
    field("evaluation", evaluation, "how the actor does on prompts that it does not learn from");
    field("batch", loop.batch, "how a rollout is cut");
    field("one_step_ahead", loop.one_step_ahead,
          "the next rollout is generated before the update that this one brings, which it so does not know of");
    field("sampling", workers.sampling, "which tokens the actor draws");
    field("generation", workers.generation, "how the actor generates");
    field("ppo", workers.ppo, "the RL step");
    field("lambda", loop.lambda, "the Lagrange multiplier");
    field("checkpoint", checkpoint, "what is saved while the run goes on");
    field("samples", loop.samples, "responses that are written into samples.jsonl");
    field("trace", trace, "trace.json, which shows what each rank did when");
    describe_ranks(field);
  }

  std::vector<Role> roles() const;
  PlacementRequest placement_request(int world_size) const;
};

// What a single field cannot show: every violation as 'field: found; allowed'. Reads the headers of the models that are
// named, so that a missing or broken checkpoint is found before anything is written.
std::vector<std::string> violations_of(const TrainConfig& config);

}  // namespace ballast
