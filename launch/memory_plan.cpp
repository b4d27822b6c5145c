#include "launch/memory_plan.h"

#include <algorithm>
#include <set>

#include "workers/generation/forward_pass.h"
#include "workers/model/causal_lm.h"
#include "workers/model/partition.h"
#include "workers/model/score_model.h"
#include "workers/role_settings.h"
#include "workers/starting_model.h"

namespace ballast {
namespace {

constexpr std::int64_t float_bytes = 4;
constexpr std::int64_t half_bytes = 2;

// One role, the model that it loads and the texts that it meets.
struct ModelUse {
  Role role = Role::Actor;
  const ModelSource& model;
  bool learns = false;
  bool zero = false;  // its optimizer's state is shared by the replicas
  std::int64_t lanes = 1;
  bool on_gpu = false;
  std::int64_t tokens = 0;         // of a micro-batch, the most
  std::int64_t learnt_tokens = 0;  // of one that is learnt
};

std::int64_t elements(const ParameterSpec& spec) {
  std::int64_t product = 1;
  for (const auto extent : spec.shape) product *= extent;
  return product;
}

// Of the first of the shards that hold the model, which has no less than the others.
std::vector<ParameterSpec> parameters_of(Role role, const ModelConfig& config, int shards) {
  const Shard first{.index = 0, .count = shards};
  return speaks(role) ? causal_lm_parameters(config, first) : score_model_parameters(config, ScoreType::Critic, first);
}

// Of a micro-batch: as its budget says, but a row that is longer has one of its own.
std::int64_t learnt_tokens(const std::optional<std::int64_t>& budget, std::int64_t of_rows, std::int64_t of_row) {
  return budget ? std::max(*budget, of_row) : of_rows;
}

// Partial sums of a gradient of so many bytes: the lanes that are dealt to the replica, and the buckets in which it
// receives those of others.
std::int64_t lanes_bytes(std::int64_t gradient, std::int64_t lanes, std::int64_t replicas) {
  if (lanes == 1) return 0;
  const std::int64_t own = lanes / replicas * gradient;
  if (replicas == 1) return own;
  constexpr std::int64_t buckets_moving = 4;  // GradientSum's
  return own + std::min(buckets_moving * default_bucket * float_bytes, gradient);
}

// Layers compute with the weights in `dtype`, and a frozen role has nothing else. One that learns has masters and two
// moments in float32, with ZeRO only its part of them; in float32 layers compute with the masters themselves.
void count_parameters(RoleMemory& memory, const ModelUse& use, std::int64_t replicas) {
  const bool half = use.model.dtype == ComputeDType::bfloat16;
  memory.bytes[MemoryClass::Parameters] = memory.elements * (half ? half_bytes : float_bytes);
  if (!use.learns) return;
  const std::int64_t floats = memory.elements * float_bytes;
  const std::int64_t owned = use.zero ? floats / replicas : floats;
  memory.bytes[MemoryClass::Gradients] = floats + lanes_bytes(floats, use.lanes, replicas);
  memory.bytes[MemoryClass::Optimizer] = 2 * owned;
  if (half && !use.zero) memory.bytes[MemoryClass::Parameters] += floats;
  if (half && use.zero) memory.bytes[MemoryClass::Optimizer] += owned;
}

RoleMemory role_memory(const ModelUse& use, const Layout& layout) {
  RoleMemory memory;
  if (!use.model.given()) return memory;  // a rule, not a model
  const auto config = model_config(use.model);
  std::int64_t largest = 0;
  for (const auto& spec : parameters_of(use.role, config, layout.shards())) {
    memory.elements += elements(spec);
    largest = std::max(largest, elements(spec));
  }
  count_parameters(memory, use, layout.replicas());
  PassShape shape{.model = config,
                  .shards = layout.shards(),
                  .dtype = use.model.dtype,
                  .on_gpu = use.on_gpu,
                  .checkpointing = use.model.activation_checkpointing,
                  .tokens = use.tokens};
  const auto passes = speaks(use.role) ? language_model_activations : score_model_activations;
  memory.activations = passes(shape);
  shape.tokens = use.learnt_tokens;
  memory.activations.training = passes(shape).training;
  auto& activations = memory.bytes[MemoryClass::Activations];
  activations = use.learns ? memory.activations.training : memory.activations.scoring;
  // Random weights are drawn on the host, parameter by parameter.
  if (use.model.random && !use.on_gpu) activations = std::max(activations, largest * float_bytes);
  return memory;
}

void add_generation(RoleMemory& memory, const ModelUse& use, const TrainConfig& config, const Layout& layout) {
  const auto model = model_config(use.model);
  const auto slots = config.workers.generation.slots;
  const auto pass = pass_memory(
      model, use.model.dtype,
      {.slots = slots, .positions = config.loop.batch.max_length, .shard = {.index = 0, .count = layout.shards()}});
  if (!use.on_gpu) memory.bytes[MemoryClass::Parameters] += pass.packed_weights;
  memory.bytes[MemoryClass::KvCache] = pass.kv_cache;
  const PassShape shape{.model = model, .shards = layout.shards(), .dtype = use.model.dtype, .on_gpu = use.on_gpu};
  memory.activations.decoding = decoding_rows_bytes(shape, slots);
  memory.bytes[MemoryClass::Activations] += memory.activations.decoding;
}

std::int64_t micro_batches_of(const BatchConfig& batch, std::int64_t replicas) {
  return (batch.rollout / batch.micro_batch + replicas - 1) / replicas;
}

// The forward pass of a rollout's first micro-batch is kept until it is learned (KeptForward), those of the others not;
// none where learning cuts micro-batches of its own and they are not scored anew, which the actor does one step ahead.
void add_kept_forward(RoleMemory& memory, Role role, const LoopConfig& loop, std::int64_t replicas) {
  auto& [kept, training, scoring, decoding] = memory.activations;
  const bool scored_anew = role == Role::Actor && loop.one_step_ahead;
  if (loop.batch.tokens_per_micro_batch && !scored_anew)
    kept = 0;
  else if (micro_batches_of(loop.batch, replicas) == 1)
    scoring = 0;
  auto& most = memory.bytes[MemoryClass::Activations];
  most = std::max(most, kept + scoring);
}

// What a role's store holds of each row; the actor builds the experience.
std::vector<Field> fields_of(Role role, bool constrained) {
  std::vector<Field> fields{Field::Tokens, Field::PromptLengths, Field::Lengths};
  const auto add = [&](std::initializer_list<Field> more) { fields.insert(fields.end(), more); };
  switch (role) {
    case Role::Actor:
      add({Field::LogProbs, Field::SamplingLogProbs, Field::RefLogProbs, Field::Reward, Field::RewardValues,
           Field::RewardAdvantages, Field::RewardReturns});
      if (constrained) add({Field::Cost, Field::CostValues, Field::CostAdvantages, Field::CostReturns});
      break;
    case Role::Reference:
      add({Field::RefLogProbs});
      break;
    case Role::Reward:
      add({Field::Reward});
      break;
    case Role::Cost:
      add({Field::Cost});
      break;
    case Role::RewardCritic:
      add({Field::RewardValues, Field::RewardReturns});
      break;
    case Role::CostCritic:
      add({Field::CostValues, Field::CostReturns});
      break;
  }
  return fields;
}

// What a role that learns has once more where its rows are put together anew for it.
std::vector<Field> regrouped_fields(Role role, bool constrained) {
  std::vector<Field> fields{Field::Tokens, Field::PromptLengths, Field::Lengths};
  if (role == Role::Actor) {
    fields.insert(fields.end(), {Field::LogProbs, Field::RewardAdvantages});
    if (constrained) fields.push_back(Field::CostAdvantages);
  }
  if (role == Role::RewardCritic) fields.insert(fields.end(), {Field::RewardValues, Field::RewardReturns});
  if (role == Role::CostCritic) fields.insert(fields.end(), {Field::CostValues, Field::CostReturns});
  return fields;
}

// Rollouts, as many as there are at a time, and what is put together anew of one of them. Roles on one rank share what
// they both need.
std::int64_t batch_store_bytes(const std::set<Role>& roles, const TrainConfig& config, const Placement& placement) {
  const auto& batch = config.loop.batch;
  const bool constrained = placement.contains(Role::Cost);
  std::map<Field, std::int64_t> rows, regrouped;
  for (const Role role : roles) {
    const auto of_role = micro_batches_of(batch, placement.at(role).replicas()) * batch.micro_batch;
    for (const Field field : fields_of(role, constrained)) rows[field] = std::max(rows[field], of_role);
    if (!batch.tokens_per_micro_batch || is_frozen(role)) continue;
    for (const Field field : regrouped_fields(role, constrained))
      regrouped[field] = std::max(regrouped[field], of_role);
  }
  const std::int64_t rollouts = config.loop.one_step_ahead ? 2 : 1;
  std::int64_t bytes = 0;
  for (const auto& [field, count] : rows) bytes += rollouts * count * bytes_of_row(field, batch.max_length);
  for (const auto& [field, count] : regrouped) bytes += count * bytes_of_row(field, batch.max_length);
  return bytes;
}

// What roles that learn keep of scoring is there until their turn comes, one after the other.
std::int64_t most_activations(const std::map<Role, RoleMemory>& roles) {
  std::int64_t kept = 0, decoding = 0, scoring = 0, alone = 0;
  for (const auto& [role, memory] : roles) {
    if (!is_frozen(role)) kept += memory.activations.kept;
    decoding += memory.activations.decoding;
    scoring = std::max(scoring, memory.activations.scoring);
    alone = std::max(alone, memory.bytes[MemoryClass::Activations] - memory.activations.decoding);
  }
  std::int64_t most = std::max(alone, kept + scoring);
  for (const auto& [role, memory] : roles) {
    if (is_frozen(role)) continue;
    kept -= memory.activations.kept;
    most = std::max(most, kept + memory.activations.training);
  }
  return decoding + most;
}

RankMemory rank_memory(const std::map<Role, RoleMemory>& roles) {
  RankMemory rank{.roles = roles, .bytes = {}};
  for (const auto& [role, memory] : roles) rank.bytes += memory.bytes;
  rank.bytes[MemoryClass::Activations] = most_activations(roles);
  return rank;
}

}  // namespace

std::map<int, RankMemory> memory_plan(const SupervisedConfig& config, Role role, const Placement& placement) {
  const auto& layout = placement.at(role);
  const auto& settings = config.workers.supervised;
  const auto& random = config.examples.random;
  const auto longest = random ? std::min(config.batch.max_length, random->max_length) : config.batch.max_length;
  const std::int64_t texts = role == Role::Actor ? 1 : 2;  // of a row: a pair is two
  const auto tokens = config.batch.micro_batch * longest * texts;
  const auto memory =
      role_memory({.role = role,
                   .model = settings.model,
                   .learns = true,
                   .zero = settings.zero,
                   .lanes = config.workers.gradient_lanes,
                   .on_gpu = config.workers.device == DeviceChoice::Cuda,
                   .tokens = tokens,
                   .learnt_tokens = learnt_tokens(config.batch.tokens_per_micro_batch, tokens, longest * texts)},
                  layout);
  const RankMemory rank{.roles = {{role, memory}}, .bytes = memory.bytes};
  std::map<int, RankMemory> plan;
  for (const int each : layout.ranks()) plan[each] = rank;
  return plan;
}

std::map<int, RankMemory> memory_plan(const TrainConfig& config, const Placement& placement) {
  std::map<Role, RoleMemory> of_role;
  std::map<int, std::set<Role>> roles_of_rank;
  const auto& batch = config.loop.batch;
  const auto tokens = std::min(batch.micro_batch, batch.rollout) * batch.max_length;
  for (const auto& [role, layout] : placement) {
    const ModelUse use{.role = role,
                       .model = starting_model(role, config.workers),
                       .learns = !is_frozen(role),
                       .zero = shares_optimizer(role, config.workers),
                       .lanes = config.workers.gradient_lanes,
                       .on_gpu = config.workers.device == DeviceChoice::Cuda,
                       .tokens = tokens,
                       .learnt_tokens = learnt_tokens(batch.tokens_per_micro_batch, tokens, batch.max_length)};
    of_role[role] = role_memory(use, layout);
    if (use.learns) add_kept_forward(of_role[role], role, config.loop, layout.replicas());
    if (role == Role::Actor) add_generation(of_role[role], use, config, layout);
    for (const int rank : layout.ranks()) roles_of_rank[rank].insert(role);
  }
  // Thousands of ranks play few combinations of roles.
  std::map<std::set<Role>, RankMemory> of_roles;
  std::map<int, RankMemory> plan;
  for (const auto& [rank, roles] : roles_of_rank) {
    const auto known = of_roles.find(roles);
    if (known != of_roles.end()) {
      plan[rank] = known->second;
      continue;
    }
    std::map<Role, RoleMemory> own;
    for (const Role role : roles) own[role] = of_role.at(role);
    auto memory = rank_memory(own);
    memory.bytes[MemoryClass::Buffers] += batch_store_bytes(roles, config, placement);
    plan[rank] = of_roles[roles] = memory;
  }
  return plan;
}

}  // namespace ballast
