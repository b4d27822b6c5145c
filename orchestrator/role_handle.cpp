#include "orchestrator/role_handle.h"

#include <set>
#include <utility>

#include "orchestrator/legs.h"

namespace ballast {

BatchRef::BatchRef(Shape shape, std::vector<int> ranks, Schedule& schedule)
    : shape_(new Shape(std::move(shape)), [ranks = std::move(ranks), &schedule](const Shape* dropped) {
        schedule.record({.iteration = dropped->iteration, .ranks = ranks, .body = Free{dropped->batch}});
        delete dropped;
      }) {}

RoleHandle::RoleHandle(Role role, Layout layout, Schedule& schedule)
    : role_(role), layout_(std::move(layout)), schedule_(schedule) {}

void RoleHandle::load(std::int64_t training_steps) {
  schedule_.record({.ranks = layout_.ranks(), .body = Load{role_, training_steps}});
}

void RoleHandle::score(const BatchRef& batch, bool keep_forward) {
  for (int m = 0; m < batch.micro_batches(); ++m) {
    schedule_.record({.iteration = batch.iteration(),
                      .micro_batch = m,
                      .ranks = ranks_of(m),
                      .body = Score{role_, batch.key(m), batch.row_ids(m), keep_forward}});
  }
}

void RoleHandle::regroup(const BatchRef& from, const BatchRef& into, const Regrouping& rows,
                         std::vector<Field> fields) {
  schedule_.record({.iteration = into.iteration(),
                    .ranks = layout_.ranks(),
                    .body = Regroup{.role = role_,
                                    .from = from.id(),
                                    .into = into.id(),
                                    .max_length = from.max_length(),
                                    .fields = std::move(fields),
                                    .micro_batches = rows,
                                    .ranks = layout_.ranks(),
                                    .shards = layout_.shards()}});
}

void RoleHandle::learn(Learn learn, std::int64_t iteration) {
  learn.role = role_;
  schedule_.record({.iteration = iteration, .ranks = layout_.ranks(), .body = std::move(learn)});
}

void RoleHandle::save(const std::string& folder, std::int64_t iteration) {
  schedule_.record({.iteration = iteration, .ranks = layout_.ranks(), .body = Save{role_, folder}});
}

void record_transfers(Schedule& schedule, const BatchRef& batch, const std::vector<Flow>& flows,
                      const std::vector<std::string>& hosts) {
  for (int m = 0; m < batch.micro_batches(); ++m) {
    std::vector<Delivery> deliveries;
    for (const auto& [from, to, fields] : flows) deliveries.push_back({fields, from.ranks_of(m), to.ranks_of(m)});
    auto legs = derive_legs(deliveries, hosts);
    if (legs.empty()) continue;
    std::set<int> ranks;
    for (const auto& leg : legs) ranks.insert({leg.from, leg.to});
    schedule.record({.iteration = batch.iteration(),
                     .micro_batch = m,
                     .ranks = {ranks.begin(), ranks.end()},
                     .body = Transfer{.key = batch.key(m),
                                      .rows = static_cast<std::int64_t>(batch.row_ids(m).size()),
                                      .max_length = batch.max_length(),
                                      .legs = std::move(legs)}});
  }
}

}  // namespace ballast
