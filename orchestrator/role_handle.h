// The loop's stand-ins: a RoleHandle for the ranks that play a role, a BatchRef for tensors that stay on workers. Calls
// record commands in the schedule; nothing here waits.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/prompts.h"
#include "orchestrator/schedule.h"

namespace ballast {

// One iteration's rollout on the workers. When the last copy is dropped, its memory is freed on every rank.
class BatchRef {
 public:
  struct Shape {
    std::uint64_t batch = 0;
    std::int64_t iteration = 0;
    std::int64_t max_length = 0;                     // L
    std::vector<std::vector<std::int64_t>> row_ids;  // by micro-batch
  };
  BatchRef(Shape shape, std::vector<int> ranks, Schedule& schedule);

  std::uint64_t id() const { return shape_->batch; }
  std::int64_t iteration() const { return shape_->iteration; }
  std::int64_t max_length() const { return shape_->max_length; }
  int micro_batches() const { return static_cast<int>(shape_->row_ids.size()); }
  const std::vector<std::int64_t>& row_ids(int micro_batch) const { return shape_->row_ids.at(micro_batch); }
  BatchKey key(int micro_batch) const { return {id(), micro_batch}; }

 private:
  std::shared_ptr<const Shape> shape_;
};

// Where the rows of new micro-batches lie.
using Regrouping = std::vector<std::vector<RowPlace>>;

class RoleHandle {
 public:
  RoleHandle(Role role, Layout layout, Schedule& schedule);

  Role role() const { return role_; }
  const Layout& layout() const { return layout_; }
  // Micro-batches are dealt to the replicas in turn; all shards of a replica work on each.
  std::vector<int> ranks_of(int micro_batch) const { return layout_.replica(micro_batch % layout_.replicas()); }

  void load(std::int64_t training_steps);
  // `keep_forward`: learning will go through the same micro-batches with the same parameters.
  void score(const BatchRef& batch, bool keep_forward);
  // Puts rows of `from` together as the micro-batches of `into` on this role's ranks.
  void regroup(const BatchRef& from, const BatchRef& into, const Regrouping& rows, std::vector<Field> fields);
  void learn(Learn learn, std::int64_t iteration);
  // On all ranks, since each may hold a part of what is saved.
  void save(const std::string& folder, std::int64_t iteration);

 private:
  Role role_;
  Layout layout_;
  Schedule& schedule_;
};

// The fields that one role has and another needs.
struct Flow {
  const RoleHandle& from;
  const RoleHandle& to;
  std::vector<Field> fields;
};
// One Transfer for each micro-batch that carries all flows from shard to shard (legs.h); none where every rank has what
// it needs. `hosts`: by rank.
void record_transfers(Schedule& schedule, const BatchRef& batch, const std::vector<Flow>& flows,
                      const std::vector<std::string>& hosts);

}  // namespace ballast
