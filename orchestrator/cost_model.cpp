#include "orchestrator/cost_model.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace ballast {
namespace {

// Of a model that learns and keeps what scoring its first micro-batch computed. One step ahead the actor scores what it
// learns just before.
bool keeps_forward(Role role, const Workload& workload) {
  if (role == Role::Actor && workload.one_step_ahead) return true;
  return !workload.batch.tokens_per_micro_batch && (role != Role::Actor || workload.recomputes_log_probs);
}

std::vector<int> all_of(std::size_t micro_batches) {
  std::vector<int> indices(micro_batches);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

template <typename Row>
double mean_rows(const std::vector<std::vector<Row>>& micro_batches) {
  double rows = 0.0;
  for (const auto& micro_batch : micro_batches) rows += static_cast<double>(micro_batch.size());
  return rows / static_cast<double>(micro_batches.size());
}

}  // namespace

std::int64_t world_of(const Placement& placement) {
  int last = 0;
  for (const auto& [role, layout] : placement) last = std::max(last, std::ranges::max(layout.ranks()));
  return last + 1;
}

CostModel::CostModel(const Workload& workload, const Cluster& cluster, const Placement& placement,
                     const EqualRanks& simulated)
    : workload_(workload), cluster_(cluster), ranks_of_node_(cluster.ranks_of_node(world_of(placement))) {
  for (const auto& [role, work] : workload.roles) {
    const auto& layout = placement.at(role);
    Seat seat{.time = ModelTime(work.model, spread_of(layout.replica(0), ranks_of_node_), cluster),
              .replicas = spread_of(layout.shard(0), ranks_of_node_),
              .simulated = simulated.placement.at(role),
              .replica_of = {},
              .zero = work.zero};
    for (int replica = 0; replica < seat.simulated.replicas(); ++replica) {
      for (const int rank : seat.simulated.replica(replica)) seat.replica_of[rank] = static_cast<std::size_t>(replica);
    }
    seats_.emplace(role, std::move(seat));
  }
}

std::vector<StepCost> CostModel::costs(const Command& command) const {
  auto costs_of_ranks = std::visit([&](const auto& body) { return costs(command, body); }, command.body);
  for (auto& cost : costs_of_ranks) cost.work_s += cluster_.command_s;
  return costs_of_ranks;
}

Rows CostModel::rows_of(Role role, double rows) const {
  const double tokens = workload_.prompt + workload_.response;
  return {.rows = rows, .tokens = tokens, .logits = speaks(role) ? workload_.response : tokens};
}

std::vector<StepCost> CostModel::costs(const Command& command, const Generate& generate) const {
  const auto& time = seats_.at(Role::Actor).time;
  const auto rows = static_cast<double>(generate.row_ids.size());
  auto cost = time.generate(
      {.rows = rows, .prompt = workload_.prompt, .response = workload_.response, .slots = workload_.slots});
  if (workload_.recomputes_log_probs) cost += time.forward(rows_of(Role::Actor, rows));
  std::swap(cost.bytes.of(SentFor::TensorParallel), cost.bytes.of(SentFor::Generation));
  return std::vector<StepCost>(command.ranks.size(), cost);
}

std::vector<StepCost> CostModel::costs(const Command& command, const Score& score) const {
  const auto seat = seats_.find(score.role);
  if (seat == seats_.end()) return std::vector<StepCost>(command.ranks.size());
  const auto rows = rows_of(score.role, static_cast<double>(score.row_ids.size()));
  return std::vector<StepCost>(command.ranks.size(), seat->second.time.forward(rows));
}

const Link& CostModel::link(int from, int to) const {
  return from / ranks_of_node_ == to / ranks_of_node_ ? cluster_.within : cluster_.between;
}

// A rank's sends share its link, and so do its receives: a leg takes as long as the busier of its ends.
std::vector<StepCost> CostModel::costs(const Command& command, const Transfer& transfer) const {
  std::map<int, StepCost> sends;
  std::map<int, double> receiving_s;
  for (const auto& [field, from, to] : transfer.legs) {
    const auto bytes = static_cast<double>(transfer.rows * bytes_of_row(field, transfer.max_length));
    send(from, to, bytes, sends[from]);
    receiving_s[to] += bytes / link(from, to).bandwidth;
  }
  std::map<int, double> seconds;
  for (const auto& [field, from, to] : transfer.legs) {
    const double of_leg = link(from, to).latency_s + std::max(sends[from].exchange_s, receiving_s[to]);
    for (const int end : {from, to}) seconds[end] = std::max(seconds[end], of_leg);
  }
  std::vector<StepCost> result;
  for (const int rank : command.ranks) {
    auto& cost = result.emplace_back(sends[rank]);
    cost.exchange_s = seconds[rank];
  }
  return result;
}

// Every shard sends the rows that its replica has and another needs.
std::vector<StepCost> CostModel::costs(const Command& command, const Regroup& regroup) const {
  const Layout layout(regroup.ranks, regroup.shards);
  double row_bytes = 0.0;
  for (const Field field : regroup.fields) row_bytes += static_cast<double>(bytes_of_row(field, regroup.max_length));
  std::map<int, StepCost> costs_of_ranks;
  for (std::size_t into = 0; into < regroup.micro_batches.size(); ++into) {
    for (const auto& place : regroup.micro_batches[into]) {
      for (int shard = 0; shard < layout.shards(); ++shard) {
        const int from = layout.rank(place.micro_batch % layout.replicas(), shard);
        const int to = layout.rank(static_cast<int>(into) % layout.replicas(), shard);
        if (from != to) send(from, to, row_bytes, costs_of_ranks[from]);
      }
    }
  }
  std::vector<StepCost> result;
  for (const int rank : command.ranks) result.push_back(costs_of_ranks[rank]);
  return result;
}

void CostModel::send(int from, int to, double bytes, StepCost& cost) const {
  cost.exchange_s += bytes / link(from, to).bandwidth;
  auto& sent = cost.bytes.of(SentFor::Transfer);
  (&link(from, to) == &cluster_.within ? sent.within : sent.between) += bytes;
}

std::vector<StepCost> CostModel::costs(const Command& command, const Learn& learn) const {
  const auto& batch = workload_.batch;
  const auto steps = batch.passes * (batch.rollout / batch.mini_batch);
  return costs(command,
               Lesson{.role = learn.role,
                      .micro_batches = learn.micro_batches,
                      .rows = static_cast<double>(learn.rows) / static_cast<double>(learn.micro_batches.size()),
                      .kept_forward = learn.step % steps == 0 && keeps_forward(learn.role, workload_)});
}

std::vector<StepCost> CostModel::costs(const Command& command, const LearnText& learn) const {
  return costs(command, Lesson{.role = learn.role,
                               .micro_batches = all_of(learn.micro_batches.size()),
                               .rows = mean_rows(learn.micro_batches)});
}

std::vector<StepCost> CostModel::costs(const Command& command, const LearnPairs& learn) const {
  return costs(command, Lesson{.role = learn.role,
                               .micro_batches = all_of(learn.micro_batches.size()),
                               .rows = 2.0 * mean_rows(learn.micro_batches)});
}

std::vector<StepCost> CostModel::costs(const Command& command, const Lesson& lesson) const {
  const auto& seat = seats_.at(lesson.role);
  const auto replicas = static_cast<std::size_t>(seat.simulated.replicas());
  std::vector<std::int64_t> own(replicas);
  for (const int m : lesson.micro_batches) ++own[static_cast<std::size_t>(m) % replicas];
  std::map<std::int64_t, StepCost> by_count;
  std::vector<StepCost> result;
  for (const int rank : command.ranks) {
    const auto count = own[seat.replica_of.at(rank)];
    if (!by_count.contains(count)) {
      by_count[count] = learn_cost(lesson.role, {.micro_batches = static_cast<double>(count),
                                                 .rows = lesson.rows,
                                                 .kept_forward = lesson.kept_forward && count > 0});
    }
    result.push_back(by_count[count]);
  }
  return result;
}

StepCost CostModel::learn_cost(Role role, const OwnShare& own) const {
  const auto& seat = seats_.at(role);
  const double texts = role == Role::Actor && workload_.learns_texts ? 2.0 : 1.0;
  const auto rows = rows_of(role, own.rows);
  const auto forward = seat.time.forward(rows);
  const auto backward = seat.time.backward(rows);
  auto cost = forward * (own.micro_batches * texts - (own.kept_forward ? 1.0 : 0.0));
  cost += backward * (own.micro_batches * texts);
  cost += seat.time.update(seat.zero ? static_cast<double>(seat.replicas.ranks) : 1.0);
  cost += reduction(seat, own.micro_batches > 0.0 ? backward.seconds() : 0.0);
  return cost;
}

// With ZeRO-1 gradients are scattered while the last backward pass runs: what is left of that time afterwards counts.
StepCost CostModel::reduction(const Seat& seat, double backward_s) const {
  StepCost cost;
  const double gradient = seat.time.gradient_bytes();
  if (!seat.zero) {
    const auto sum = workload_.gradient_lanes == 1 ? all_reduce(gradient, seat.replicas, cluster_)
                                                   : pairwise_sum(gradient, seat.replicas, cluster_);
    cost.exchange_s = sum.seconds;
    cost.bytes.of(SentFor::Gradients) = sum.bytes;
    return cost;
  }
  const auto sum = reduce_scatter(gradient, seat.replicas, cluster_);
  const auto values = all_gather(seat.time.value_bytes(), seat.replicas, cluster_);
  cost.exchange_s = std::max(sum.seconds - backward_s, 0.0) + values.seconds;
  cost.bytes.of(SentFor::Gradients) = sum.bytes;
  cost.bytes.of(SentFor::Parameters) = values.bytes;
  return cost;
}

}  // namespace ballast
