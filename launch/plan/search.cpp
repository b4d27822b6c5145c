#include "launch/plan/search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "launch/config_file.h"
#include "launch/memory_shortage.h"
#include "launch/plan/workload.h"
#include "workers/model/sharding.h"
#include "workers/starting_model.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::size_t shown = 3;

// Powers of two into which the model can be cut, within a node.
std::vector<int> shard_counts(const ModelSource& source, std::int64_t most) {
  const auto model = model_config(source);
  std::vector<int> counts;
  for (int count = 1; count <= most; count *= 2) {
    try {
      require_cuttable(model, {.index = 0, .count = count});
    } catch (const ModelError&) {
      break;
    }
    counts.push_back(count);
  }
  return counts;
}

CandidateRequest candidate_request(const SearchRequest& request) {
  CandidateRequest result{.workload = workload_of(request.config, request.lengths, request.cluster),
                          .roles = request.config.roles(),
                          .shards = {},
                          .ranks = request.ranks};
  const auto most = std::min(request.cluster.devices, request.ranks);
  for (const auto& [role, work] : result.workload.roles)
    result.shards[role] = shard_counts(starting_model(role, request.config.workers), most);
  return result;
}

std::vector<std::string> settings_of(const Candidate& candidate, const CandidateRequest& request,
                                     const WorkerSettings& workers) {
  std::vector<std::string> settings;
  for (const auto& [role, ranks] : candidate.roles) {
    if (!request.workload.roles.contains(role)) continue;  // a rule
    settings.push_back(fmt::format("{}.tensor_parallel={}", to_string(role), ranks.shards));
    if (is_frozen(role)) continue;
    settings.push_back(fmt::format("{}.zero={}", to_string(role), candidate.zero && ranks.replicas > 1));
    settings.push_back(fmt::format("{}.model.activation_checkpointing={}", to_string(starting_role(role, workers)),
                                   candidate.checkpointing));
  }
  return settings;
}

TrainConfig with_settings(const TrainConfig& config, const std::vector<std::string>& settings) {
  return parse_config<TrainConfig>({.text = write_config(config), .source = "the resolved configuration"}, settings);
}

// What the rank's memory depends on: the roles that it plays and how they are laid out.
using SeatKey = std::tuple<bool, bool, std::vector<std::tuple<Role, int, int>>>;
SeatKey seat_of(int rank, const Candidate& candidate) {
  std::vector<std::tuple<Role, int, int>> roles;
  for (const auto& [role, ranks] : candidate.roles) {
    const bool plays = ranks.first <= rank && rank < ranks.first + ranks.replicas * ranks.shards;
    if (plays) roles.emplace_back(role, ranks.replicas, ranks.shards);
  }
  return {candidate.zero, candidate.checkpointing, roles};
}

// Remembers seats that do not fit: other candidates have them too.
class MemoryCheck {
 public:
  explicit MemoryCheck(std::int64_t capacity) : capacity_(capacity) {}

  bool has_failed(const Candidate& candidate) const {
    return std::ranges::any_of(
        candidate.roles, [&](const auto& role) { return too_large_.contains(seat_of(role.second.first, candidate)); });
  }

  bool fits(const Candidate& candidate, const Placement& placement, const TrainConfig& config) {
    const auto plan = memory_plan(config, placement);
    const auto worst = std::ranges::max_element(plan, {}, [](const auto& rank) { return rank.second.total(); });
    if (worst->second.total() <= capacity_) return true;
    too_large_.insert(seat_of(worst->first, candidate));
    if (shortage_.empty()) shortage_ = describe(*memory_shortage(config, placement, capacity_));
    return false;
  }

  // Of the first that did not fit.
  const std::string& shortage() const { return shortage_; }

 private:
  std::int64_t capacity_;
  std::set<SeatKey> too_large_;
  std::string shortage_;
};

double seconds_of(const FoundPlacement& found) { return found.prediction.iteration_s; }

// Memory first; nothing where it does not suffice.
std::optional<FoundPlacement> examine(const Candidate& candidate, const CandidateRequest& wanted,
                                      const SearchRequest& request, MemoryCheck& memory) {
  if (memory.has_failed(candidate)) return std::nullopt;
  FoundPlacement found{.placement = candidate.placement(),
                       .settings = settings_of(candidate, wanted, request.config.workers),
                       .prediction = {},
                       .estimate_s = candidate.estimate_s};
  const auto config = with_settings(request.config, found.settings);
  if (!memory.fits(candidate, found.placement, config)) return std::nullopt;
  found.prediction = predict(config, found.placement, request.cluster, {.lengths = request.lengths});
  return found;
}

// Where the weights alone are too large for every placement.
Candidate fastest_anyway(const CandidateRequest& wanted, Cluster cluster) {
  cluster.memory = std::numeric_limits<double>::infinity();
  return candidates(wanted, cluster).front();
}

}  // namespace

SearchResult search_placement(const SearchRequest& request) {
  auto config = request.config;
  config.placement = {};
  config.workers.device = request.cluster.gpu ? DeviceChoice::Cuda : DeviceChoice::Cpu;
  const SearchRequest own{
      .config = config, .cluster = request.cluster, .ranks = request.ranks, .lengths = request.lengths};
  const auto wanted = candidate_request(own);
  const auto all = candidates(wanted, request.cluster);
  SearchResult result{.best = {}, .candidates = std::ssize(all), .shortage = {}};
  MemoryCheck memory(static_cast<std::int64_t>(request.cluster.memory_of_rank(request.ranks)));
  std::map<double, std::int64_t> alike;  // predictions, by estimate
  for (const auto& candidate : all) {
    if (result.predicted == request.predictions) break;
    if (!result.best.empty() && candidate.estimate_s > request.beyond * result.best.front().estimate_s) break;
    if (alike[candidate.estimate_s] == request.alike) continue;
    auto found = examine(candidate, wanted, own, memory);
    ++(found ? result.predicted : result.too_large);
    if (found) ++alike[candidate.estimate_s];
    const auto as_fast = [&](const FoundPlacement& other) { return seconds_of(other) == seconds_of(*found); };
    if (!found || std::ranges::any_of(result.best, as_fast)) continue;  // models of one shape have changed places
    const auto place = std::ranges::upper_bound(result.best, seconds_of(*found), {}, seconds_of);
    result.best.insert(place, std::move(*found));
    if (result.best.size() > shown) result.best.pop_back();
  }
  if (all.empty()) examine(fastest_anyway(wanted, request.cluster), wanted, own, memory);
  result.shortage = memory.shortage();
  return result;
}

std::vector<std::string> overrides_of(const FoundPlacement& found) {
  std::vector<std::string> table;
  for (const auto& [role, layout] : found.placement)
    table.push_back(fmt::format("{}: [{}]", to_string(role), fmt::join(layout.ranks(), ", ")));
  auto overrides = found.settings;
  overrides.push_back(fmt::format("placement={{{}}}", fmt::join(table, ", ")));
  return overrides;
}

}  // namespace ballast
