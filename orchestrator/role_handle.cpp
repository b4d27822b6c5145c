#include "orchestrator/role_handle.h"

#include <set>
#include <utility>

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

void RoleHandle::score(const BatchRef& batch) {
  for (int m = 0; m < batch.micro_batches(); ++m) {
    schedule_.record({.iteration = batch.iteration(),
                      .micro_batch = m,
                      .ranks = ranks_of(m),
                      .body = Score{role_, batch.key(m), batch.row_ids(m)}});
  }
}

void RoleHandle::learn(Learn learn, std::int64_t iteration) {
  learn.role = role_;
  schedule_.record({.iteration = iteration, .ranks = layout_.ranks(), .body = std::move(learn)});
}

void RoleHandle::save(const std::string& folder, std::int64_t iteration) {
  schedule_.record({.iteration = iteration, .ranks = layout_.ranks(), .body = Save{role_, folder}});
}

void record_transfers(Schedule& schedule, const BatchRef& batch, const std::vector<Flow>& flows) {
  for (int m = 0; m < batch.micro_batches(); ++m) {
    std::set<Leg> legs;  // two roles on one rank need a field once
    std::set<int> ranks;
    for (const auto& [from, to, fields] : flows) {
      const Leg ends{.from = from.ranks_of(m).front(), .to = to.ranks_of(m).front()};
      if (ends.from == ends.to) continue;
      for (const Field field : fields) legs.insert({field, ends.from, ends.to});
      ranks.insert({ends.from, ends.to});
    }
    if (legs.empty()) continue;
    schedule.record({.iteration = batch.iteration(),
                     .micro_batch = m,
                     .ranks = {ranks.begin(), ranks.end()},
                     .body = Transfer{.key = batch.key(m),
                                      .rows = static_cast<std::int64_t>(batch.row_ids(m).size()),
                                      .max_length = batch.max_length(),
                                      .legs = {legs.begin(), legs.end()}}});
  }
}

}  // namespace ballast
