#include "launch/plan/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "launch/bench/model_cost.h"
#include "workers/role_settings.h"
#include "workers/starting_model.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

ModelShape shape_of(Role role, const ModelSource& source, bool on_gpu) {
  const auto model = model_config(source);
  const auto vocabulary = static_cast<double>(model.vocab * model.hidden);
  const double head = speaks(role) ? vocabulary : static_cast<double>(model.hidden);
  const bool has_own_head = speaks(role) && !model.tied_embeddings;
  const auto layers = static_cast<double>(model.layers);
  ModelShape shape{.layers = layers,
                   .hidden = static_cast<double>(model.hidden),
                   .query_width = static_cast<double>(model.heads * model.head_dim),
                   .key_width = static_cast<double>(model.kv_heads * model.head_dim),
                   .layer_weights = layer_weights(model),
                   .head_weights = head,
                   .parameters = layers * layer_weights(model) + vocabulary + (has_own_head ? vocabulary : 0.0),
                   .half = source.dtype == ComputeDType::bfloat16,
                   .checkpointing = source.activation_checkpointing};
  if (on_gpu) shape.cache_element = shape.element();
  return shape;
}

std::int64_t prompt_length(const TrainConfig& config) {
  const auto& random = config.prompts.random;
  return random ? (random->min_length + random->max_length) / 2
                : std::max<std::int64_t>(1, config.loop.batch.max_length / 4);
}

}  // namespace

Workload workload_of(const TrainConfig& config, const PlannedLengths& lengths, const Cluster& cluster) {
  const auto& workers = config.workers;
  const auto max_length = config.loop.batch.max_length;
  const auto prompt = lengths.prompt.value_or(prompt_length(config));
  const auto room = max_length - prompt;
  const auto response = lengths.response.value_or(std::min(room, workers.sampling.max_new_tokens.value_or(room)));
  if (response < 1 || response > room) {
    throw UserError(
        fmt::format("plan: found prompts of {} tokens and responses of {}; together they have 2 to {} "
                    "(batch.max_length)",
                    prompt, response, max_length));
  }
  Workload workload{.batch = config.loop.batch,
                    .prompt = static_cast<double>(prompt),
                    .response = static_cast<double>(response),
                    .slots = static_cast<double>(workers.generation.slots),
                    .recomputes_log_probs = workers.generation.old_log_probs == OldLogProbs::Recompute,
                    .learns_texts = workers.ppo.ptx_coeff > 0.0 && config.ptx.data.given(),
                    .gradient_lanes = workers.gradient_lanes,
                    .one_step_ahead = config.loop.one_step_ahead};
  for (const Role role : config.roles()) {
    const auto& model = starting_model(role, workers);
    if (!model.given()) continue;  // a rule
    workload.roles[role] = {.model = shape_of(role, model, cluster.gpu), .zero = shares_optimizer(role, workers)};
  }
  return workload;
}

Workload workload_of(const SupervisedConfig& config, Role role, const PlannedLengths& lengths, const Cluster& cluster) {
  const auto& [batch, random] = std::tie(config.batch, config.examples.random);
  const auto usual = random ? (random->min_length + random->max_length) / 2 : batch.max_length;
  const auto length = lengths.response.value_or(usual);
  if (length > batch.max_length) {
    throw UserError(fmt::format("--response: found {}; at most batch.max_length ({})", length, batch.max_length));
  }
  const auto& supervised = config.workers.supervised;
  return {.roles = {{role, {.model = shape_of(role, supervised.model, cluster.gpu), .zero = supervised.zero}}},
          .batch = {.rollout = batch.mini_batch,
                    .mini_batch = batch.mini_batch,
                    .micro_batch = batch.micro_batch,
                    .tokens_per_micro_batch = batch.tokens_per_micro_batch,
                    .max_length = batch.max_length},
          .response = static_cast<double>(length),
          .gradient_lanes = config.workers.gradient_lanes};
}

}  // namespace ballast
