#include "orchestrator/role_part.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

namespace ballast {
namespace {

constexpr double bytes_of_float = 4.0;

std::int64_t parts_of(std::int64_t whole, std::int64_t part) { return (whole + part - 1) / part; }

// Of the first replica.
double seconds_of(const CostModel& costs, CommandBody body) {
  return costs.costs({.ranks = {0}, .body = std::move(body)}).front().seconds();
}

}  // namespace

RoleParts::RoleParts(const CandidateRequest& request, const Cluster& cluster)
    : request_(request), cluster_(cluster), memory_(cluster.memory_of_rank(request.ranks)) {}

std::optional<RolePart> RoleParts::best(Role role, int ranks, const PartVariant& variant) {
  const std::tuple key(role, ranks, variant.zero, variant.checkpointing, variant.spread);
  auto found = found_.find(key);
  if (found == found_.end()) found = found_.emplace(key, find_best(role, ranks, variant)).first;
  return found->second;
}

std::optional<RolePart> RoleParts::find_best(Role role, int ranks, const PartVariant& variant) const {
  const auto shards = request_.shards.find(role);
  if (shards == request_.shards.end()) return RolePart{.role = role};  // a rule
  std::vector<RolePart> fitting;
  for (const int count : shards->second) {
    if (count > ranks) break;
    auto part = part_of(role, count, ranks, variant);
    if (part.bytes <= memory_) fitting.push_back(part);
  }
  if (fitting.empty()) return std::nullopt;
  const int least = std::min(variant.spread * fitting.front().shards, fitting.back().shards);
  std::erase_if(fitting, [&](const RolePart& part) { return part.shards < least; });
  return *std::ranges::min_element(fitting, {}, [](const auto& part) { return part.answers_s + part.learning_s; });
}

RolePart RoleParts::part_of(Role role, int shards, int ranks, const PartVariant& variant) const {
  RolePart part{.role = role, .shards = shards, .replicas = replicas_of(role, ranks / shards)};
  part.bytes = bytes_of(part, variant);
  if (part.bytes <= memory_) add_times(part, variant);
  return part;
}

// No more than have a micro-batch each; of a role that learns as many as the gradient's lanes can be dealt to.
int RoleParts::replicas_of(Role role, int room) const {
  const auto& batch = request_.workload.batch;
  const auto lanes = request_.workload.gradient_lanes;
  const auto micro_batches = (is_frozen(role) ? batch.rollout : batch.mini_batch) / batch.micro_batch;
  const auto most = std::min<std::int64_t>(room, micro_batches);
  if (is_frozen(role) || lanes == 1) return static_cast<int>(most);
  return static_cast<int>(std::bit_floor(static_cast<std::uint64_t>(std::min(most, lanes))));
}

// By the cost model of this role alone, which knows one replica and the number of the others.
void RoleParts::add_times(RolePart& part, const PartVariant& variant) const {
  auto workload = request_.workload;
  auto work = workload.roles.at(part.role);
  const bool learns = !is_frozen(part.role);
  work.zero = learns && variant.zero && part.replicas > 1;
  work.model.checkpointing = learns && variant.checkpointing;
  workload.roles = {{part.role, work}};
  const Placement replicas{{part.role, Layout(ranks_from(0, part.replicas * part.shards), part.shards)}};
  const Placement one{{part.role, Layout(ranks_from(0, part.shards), part.shards)}};
  const CostModel costs(workload, cluster_, replicas, {.placement = one, .batch = workload.batch});

  const auto& batch = workload.batch;
  const std::vector<std::int64_t> rows(static_cast<std::size_t>(batch.micro_batch));
  const double answer_s = part.role == Role::Actor ? seconds_of(costs, Generate{.row_ids = rows})
                                                   : seconds_of(costs, Score{.role = part.role, .row_ids = rows});
  part.answers_s = answer_s * static_cast<double>(parts_of(batch.rollout / batch.micro_batch, part.replicas));
  if (!learns) return;
  const auto own = parts_of(batch.mini_batch / batch.micro_batch, part.replicas);
  const Learn learn{.role = part.role,
                    .step = 1,  // the first of an iteration, which has some of its work behind it, is 0
                    .micro_batches = std::vector<int>(static_cast<std::size_t>(own)),
                    .rows = own * batch.micro_batch};
  part.learning_s = seconds_of(costs, learn) * static_cast<double>(batch.passes * (batch.rollout / batch.mini_batch));
}

// Values as layers read them; of a role that learns also gradients, masters and both moments in float32.
double RoleParts::bytes_of(const RolePart& part, const PartVariant& variant) const {
  const auto& model = request_.workload.roles.at(part.role).model;
  double of_parameter = model.element();
  if (!is_frozen(part.role)) {
    const double state = (model.half ? 3.0 : 2.0) * bytes_of_float;
    of_parameter += bytes_of_float + (variant.zero ? state / part.replicas : state);
  }
  return of_parameter * model.parameters / part.shards;
}

}  // namespace ballast
