// The one role of a supervised job, as its loop sees it: the ranks that hold replicas of one model.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/command_stream.h"
#include "orchestrator/examples.h"
#include "orchestrator/schedule.h"

namespace ballast {

class SupervisedRole {
 public:
  // `stream` outlives this, and has no command in flight when this goes.
  SupervisedRole(Role role, Layout layout, CommandStream& stream);

  // Every rank reads its part of the model; waits until all have. Throws RunFailed.
  void load(std::int64_t training_steps);
  // Orders one optimizer step; does not wait.
  void learn(const Examples& examples, std::int64_t step, const std::vector<RowIndices>& micro_batches);
  // Waits until every rank has done the step; returns its figures, once.
  StepMetrics figures_of(std::int64_t step);
  // Judges the examples of these micro-batches, which are dealt to the replicas in turn and hold all; waits.
  StepMetrics evaluate(const Examples& examples, const std::vector<RowIndices>& micro_batches);
  // The first rank writes the model; waits.
  void save(const std::string& folder);

  Role role() const { return role_; }
  int replicas() const { return layout_.replicas(); }
  // Bytes that have left its ranks since the last call, by kind (traffic_kinds).
  std::map<std::string, std::int64_t> take_moved() { return std::exchange(moved_, {}); }

 private:
  struct StepRecord {
    std::size_t ranks = 0;                                         // that have reported
    std::map<std::int64_t, std::map<std::string, double>> losses;  // by micro-batch
    StepMetrics scalars;
  };
  void take_in(const Command& command, const Event& event);
  void take_in_step(std::int64_t step, const Event& event);
  void order(std::vector<int> ranks, CommandBody body);

  Role role_;
  Layout layout_;
  CommandStream& stream_;
  Schedule schedule_;
  std::map<std::int64_t, StepRecord> steps_;
  FiguresByRow evaluated_;
  std::map<std::string, std::int64_t> moved_;
  std::int64_t step_ = 0;  // of the last Learn command, for messages
};

}  // namespace ballast
