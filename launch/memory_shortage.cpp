#include "launch/memory_shortage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "workers/generation/generation_config.h"
#include "workers/model/sharding.h"
#include "workers/role_settings.h"
#include "workers/starting_model.h"

namespace ballast {
namespace {

struct PlannedJob {
  TrainConfig config;
  Placement placement;
};

// As an override of the configuration, and what it does.
struct Change {
  std::string override_text;
  std::function<void(PlannedJob&)> apply;
};

std::int64_t needed_by(const std::pair<const int, RankMemory>& rank) { return rank.second.total(); }

bool fits(const PlannedJob& job, std::int64_t capacity) {
  return std::ranges::all_of(memory_plan(job.config, job.placement),
                             [&](const auto& rank) { return needed_by(rank) <= capacity; });
}

// Replicas share what the optimizer keeps: costs least.
void add_zero(const PlannedJob& job, Role role, std::vector<Change>& changes) {
  const bool* zero = zero_of(role, job.config.workers);
  if (!zero || *zero || job.placement.at(role).replicas() < 2) return;
  changes.push_back({fmt::format("{}.zero=true", to_string(role)),
                     [role](PlannedJob& changed) { *zero_of(role, changed.config.workers) = true; }});
}

// A third more work.
void add_checkpointing(const PlannedJob& job, Role role, std::vector<Change>& changes) {
  if (starting_model(role, job.config.workers).activation_checkpointing) return;
  const Role owner = starting_role(role, job.config.workers);
  changes.push_back(
      {fmt::format("{}.model.activation_checkpointing=true", to_string(owner)),
       [owner](PlannedJob& changed) { own_model_of(owner, changed.config.workers).activation_checkpointing = true; }});
}

bool can_be_cut(const ModelSource& source, int shards) {
  if (!source.given()) return false;  // a rule
  try {
    require_cuttable(model_config(source), {.index = 0, .count = shards});
    return true;
  } catch (const ModelError&) {
    return false;
  }
}

void add_shards(const PlannedJob& job, Role role, std::vector<Change>& changes) {
  const auto& layout = job.placement.at(role);
  if (layout.replicas() % 2 != 0) return;
  const int shards = 2 * layout.shards();
  if (!can_be_cut(starting_model(role, job.config.workers), shards)) return;
  changes.push_back(
      {fmt::format("{}.tensor_parallel={}", to_string(role), shards), [role, shards](PlannedJob& changed) {
         tensor_parallel_of(role, changed.config.workers) = shards;
         changed.placement[role] = Layout(changed.placement.at(role).ranks(), shards);
       }});
}

void add_smaller_cut(const PlannedJob& job, std::vector<Change>& changes) {
  if (const auto rows = job.config.loop.batch.micro_batch; rows % 2 == 0) {
    changes.push_back({fmt::format("batch.micro_batch={}", rows / 2),
                       [rows](PlannedJob& changed) { changed.config.loop.batch.micro_batch = rows / 2; }});
  }
  const auto slots = job.config.workers.generation.slots;
  if (slots / 2 >= GenerationConfig::rows_multiple && slots / 2 % GenerationConfig::rows_multiple == 0) {
    changes.push_back({fmt::format("generation.slots={}", slots / 2),
                       [slots](PlannedJob& changed) { changed.config.workers.generation.slots = slots / 2; }});
  }
  if (job.config.workers.gradient_lanes > 1) {
    changes.push_back({"gradient_lanes=1", [](PlannedJob& changed) { changed.config.workers.gradient_lanes = 1; }});
  }
}

// What may help the rank, least costly first.
std::vector<Change> changes_for(const PlannedJob& job, const std::map<Role, RoleMemory>& roles) {
  std::vector<Change> changes;
  for (const auto& [role, memory] : roles) add_zero(job, role, changes);
  for (const auto& [role, memory] : roles)
    if (!is_frozen(role)) add_checkpointing(job, role, changes);
  add_smaller_cut(job, changes);
  for (const auto& [role, memory] : roles) add_shards(job, role, changes);
  return changes;
}

PlannedJob changed(PlannedJob job, const std::vector<Change>& changes) {
  for (const auto& change : changes) change.apply(job);
  return job;
}

// One that suffices alone; else as many as are needed, in their order, without those that turn out to be needless.
std::vector<Change> fewest(const PlannedJob& job, const std::vector<Change>& changes, std::int64_t capacity) {
  for (const auto& change : changes)
    if (fits(changed(job, {change}), capacity)) return {change};
  std::vector<Change> taken;
  for (const auto& change : changes) {
    taken.push_back(change);
    if (fits(changed(job, taken), capacity)) break;
  }
  if (!fits(changed(job, taken), capacity)) return {};
  for (std::size_t i = taken.size(); i-- > 0;) {
    auto fewer = taken;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    if (fits(changed(job, fewer), capacity)) taken = std::move(fewer);
  }
  return taken;
}

double gigabytes(std::int64_t bytes) { return 1e-9 * static_cast<double>(bytes); }

}  // namespace

std::optional<MemoryShortage> memory_shortage(const TrainConfig& config, const Placement& placement,
                                              std::int64_t capacity) {
  const auto plan = memory_plan(config, placement);
  const auto worst = std::ranges::max_element(plan, {}, needed_by);
  if (worst == plan.end() || needed_by(*worst) <= capacity) return std::nullopt;
  const PlannedJob job{config, placement};
  MemoryShortage shortage{.rank = worst->first,
                          .roles = roles_of(placement, worst->first),
                          .needed = needed_by(*worst),
                          .capacity = capacity,
                          .remedy = {}};
  for (const auto& change : fewest(job, changes_for(job, worst->second.roles), capacity))
    shortage.remedy.push_back(change.override_text);
  return shortage;
}

std::string describe(const MemoryShortage& shortage) {
  const auto found = fmt::format("rank {} ({}) needs {:.1f} GB and has {:.1f} GB", shortage.rank, shortage.roles,
                                 gigabytes(shortage.needed), gigabytes(shortage.capacity));
  if (shortage.remedy.empty()) return found + "; more ranks or a smaller model are needed";
  return fmt::format("{}; enough with {}", found, fmt::join(shortage.remedy, " "));
}

}  // namespace ballast
