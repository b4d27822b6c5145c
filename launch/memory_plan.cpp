#include "launch/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "workers/generation/forward_pass.h"
#include "workers/model/causal_lm.h"
#include "workers/model/score_model.h"
#include "workers/starting_model.h"

namespace ballast {
namespace {

constexpr std::int64_t float_bytes = 4;

std::int64_t elements(const std::vector<ParameterSpec>& specs) {
  std::int64_t sum = 0;
  for (const auto& spec : specs) {
    std::int64_t product = 1;
    for (const auto extent : spec.shape) product *= extent;
    sum += product;
  }
  return sum;
}

bool learns(Role role) { return role == Role::Actor || role == Role::RewardCritic || role == Role::CostCritic; }

std::vector<ParameterSpec> parameters_of(Role role, const ModelConfig& config) {
  const bool speaks = role == Role::Actor || role == Role::Reference;
  return speaks ? causal_lm_parameters(config) : score_model_parameters(config, ScoreType::Critic);
}

// A role keeps the lanes that are dealt to its replica, and one more to receive in.
std::int64_t lanes_held(std::int64_t lanes, std::int64_t replicas) {
  if (lanes == 1) return 0;
  return lanes / replicas + (replicas > 1 ? 1 : 0);
}

// Layers compute with the weights in `dtype`; a role that learns keeps float32 ones beside bfloat16.
std::int64_t bytes_of_weight(ComputeDType dtype, bool learned) {
  constexpr std::int64_t half_bytes = 2;
  if (dtype == ComputeDType::float32) return float_bytes;
  return learned ? half_bytes + float_bytes : half_bytes;
}

RoleMemory role_memory(const ModelUse& use, std::int64_t replicas) {
  if (!use.model.given()) return {};  // a rule, not a model
  RoleMemory memory{.parameters = elements(parameters_of(use.role, model_config(use.model)))};
  memory.weights = memory.parameters * bytes_of_weight(use.model.dtype, use.learns);
  if (use.learns) {
    memory.gradients = memory.parameters * float_bytes;
    memory.optimizer = 2 * memory.gradients;
    memory.lanes = lanes_held(use.lanes, replicas) * memory.gradients;
  }
  return memory;
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

std::int64_t bytes_of_row(Field field, std::int64_t max_length) {
  constexpr std::int64_t int64_bytes = 8;
  if (field == Field::Tokens) return int64_bytes * max_length;
  if (field == Field::PromptLengths || field == Field::Lengths) return int64_bytes;
  return float_bytes * (max_length - 1);
}

// Roles on one rank share what they both need.
std::int64_t batch_store_bytes(int rank, const TrainConfig& config, const Placement& placement) {
  const auto& batch = config.loop.batch;
  std::map<Field, std::int64_t> rows;
  for (const auto& [role, layout] : placement) {
    if (!layout.contains(rank)) continue;
    const std::int64_t replicas = layout.replicas();
    const auto micro_batches = (batch.rollout / batch.micro_batch + replicas - 1) / replicas;
    for (const Field field : fields_of(role, placement.contains(Role::Cost))) {
      rows[field] = std::max(rows[field], micro_batches * batch.micro_batch);
    }
  }
  std::int64_t bytes = 0;
  for (const auto& [field, count] : rows) bytes += count * bytes_of_row(field, batch.max_length);
  return bytes;
}

double mib(std::int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

std::string role_line(int rank, Role role, const RoleMemory& memory) {
  return fmt::format("{:>4}  {:<14}{:>14}{:>10.1f}{:>11.1f}{:>11.1f}{:>8.1f}{:>9.1f}{:>10.1f}{:>10.1f}\n", rank,
                     to_string(role), memory.parameters, mib(memory.weights), mib(memory.gradients),
                     mib(memory.optimizer), mib(memory.lanes), mib(memory.packed), mib(memory.kv_cache),
                     mib(memory.total()));
}

std::string total_line(int rank, const char* name, std::int64_t bytes) {
  return fmt::format("{:>4}  {:<14}{:>83.1f}\n", rank, name, mib(bytes));
}

}  // namespace

std::int64_t RankMemory::total() const {
  std::int64_t bytes = batch_store;
  for (const auto& [role, memory] : roles) bytes += memory.total();
  return bytes;
}

std::map<int, RankMemory> memory_plan(const ModelUse& use, const Placement& placement) {
  std::map<int, RankMemory> plan;
  const auto& layout = placement.at(use.role);
  for (const int rank : layout.ranks()) plan[rank].roles[use.role] = role_memory(use, layout.replicas());
  return plan;
}

std::map<int, RankMemory> memory_plan(const TrainConfig& config, const Placement& placement) {
  std::map<int, RankMemory> plan;
  for (const auto& [role, layout] : placement) {
    const ModelUse use{.role = role,
                       .model = starting_model(role, config.workers),
                       .learns = learns(role),
                       .lanes = config.workers.gradient_lanes};
    auto memory = role_memory(use, layout.replicas());
    if (role == Role::Actor) {
      const auto generation =
          pass_memory(model_config(use.model), use.model.dtype,
                      {.slots = config.workers.generation.slots, .positions = config.loop.batch.max_length});
      memory.packed = generation.packed_weights;
      memory.kv_cache = generation.kv_cache;
    }
    for (const int rank : layout.ranks()) plan[rank].roles[role] = memory;
  }
  for (auto& [rank, memory] : plan) memory.batch_store = batch_store_bytes(rank, config, placement);
  return plan;
}

std::string describe(const std::map<int, RankMemory>& plan) {
  auto text = fmt::format("{:>4}  {:<14}{:>14}{:>10}{:>11}{:>11}{:>8}{:>9}{:>10}{:>10}\n", "rank", "MiB", "parameters",
                          "weights", "gradients", "optimizer", "lanes", "packed", "kv cache", "in all");
  for (const auto& [rank, memory] : plan) {
    for (const auto& [role, of_role] : memory.roles) text += role_line(rank, role, of_role);
    text += total_line(rank, "batch store", memory.batch_store) + total_line(rank, "in all", memory.total());
  }
  return text + "without activations, libraries and network buffers\n";
}

}  // namespace ballast
