// What each command of a job costs the ranks that it is for.
#pragma once
#include <map>
#include <vector>

#include "orchestrator/equal_ranks.h"
#include "orchestrator/model_time.h"
#include "workers/commands.h"

namespace ballast {

struct RoleWork {
  ModelShape model;
  bool zero = false;  // ZeRO-1
};

// What a job asks of its ranks. All rows are alike.
struct Workload {
  std::map<Role, RoleWork> roles;  // but those that are rules, which cost nothing
  BatchConfig batch;
  double prompt = 0.0;    // tokens of a row
  double response = 0.0;  // tokens of a row
  double slots = 0.0;     // of generation
  bool recomputes_log_probs = true;
  bool learns_texts = false;  // beside each micro-batch as many rows of the language-model term
  std::int64_t gradient_lanes = 1;
  bool one_step_ahead = false;
};

// One more than the last rank that plays a role.
std::int64_t world_of(const Placement& placement);

class CostModel {
 public:
  // `placement` is the job's, `simulated` the part of it that commands are for.
  CostModel(const Workload& workload, const Cluster& cluster, const Placement& placement, const EqualRanks& simulated);

  std::int64_t ranks_of_node() const { return ranks_of_node_; }
  // In the order of command.ranks.
  std::vector<StepCost> costs(const Command& command) const;

 private:
  struct Seat {
    ModelTime time;
    Spread replicas;  // that sum gradients
    Layout simulated;
    std::map<int, std::size_t> replica_of;  // by simulated rank
    bool zero = false;
  };

  std::vector<StepCost> costs(const Command& command, const Generate& generate) const;
  std::vector<StepCost> costs(const Command& command, const Transfer& transfer) const;
  std::vector<StepCost> costs(const Command& command, const Score& score) const;
  std::vector<StepCost> costs(const Command& command, const Regroup& regroup) const;
  std::vector<StepCost> costs(const Command& command, const Learn& learn) const;
  std::vector<StepCost> costs(const Command& command, const LearnText& learn) const;
  std::vector<StepCost> costs(const Command& command, const LearnPairs& learn) const;
  template <typename Other>
  std::vector<StepCost> costs(const Command& command, const Other&) const {
    return std::vector<StepCost>(command.ranks.size());
  }
  Rows rows_of(Role role, double rows) const;
  // An optimizer step of a role, micro-batch m on replica m mod replicas.
  struct Lesson {
    Role role = Role::Actor;
    std::vector<int> micro_batches;
    double rows = 0.0;  // of each
    bool kept_forward = false;
  };
  std::vector<StepCost> costs(const Command& command, const Lesson& lesson) const;
  // What one replica learns from in a step.
  struct OwnShare {
    double micro_batches = 0.0;
    double rows = 0.0;  // of each
    bool kept_forward = false;
  };
  StepCost learn_cost(Role role, const OwnShare& own) const;
  StepCost reduction(const Seat& seat, double backward_s) const;
  const Link& link(int from, int to) const;
  // Adds what the bytes cost the rank that they leave.
  void send(int from, int to, double bytes, StepCost& cost) const;

  Workload workload_;
  Cluster cluster_;
  std::int64_t ranks_of_node_;
  std::map<Role, Seat> seats_;
};

}  // namespace ballast
