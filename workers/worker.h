// One rank's job: takes commands from its queue, first in, first out, and reports an event for each.
#pragma once
#include <map>
#include <memory>

#include "workers/actor.h"
#include "workers/batch_store.h"
#include "workers/command_source.h"
#include "workers/critic.h"
#include "workers/memory/peak_report.h"
#include "workers/preference_learner.h"
#include "workers/scorer.h"
#include "workers/text_learner.h"
#include "workers/traffic.h"
#include "workers/worker_settings.h"

namespace ballast {

class Worker {
 public:
  // All outlive the worker.
  struct Links {
    CommandSource& commands;
    Traffic& traffic;
    c10::Device device = c10::kCPU;  // where it computes, and where `traffic` expects its buffers
  };
  Worker(WorkerSettings settings, Links links);

  // Works until the orchestrator closes the channel. A command that fails is reported and poisons the run: the worker
  // then only waits for the end.
  void run();

 private:
  bool work_on(const Command& command);  // false: it failed
  Event execute(const Command& command);
  Event execute(const Load& load);
  Event execute(const Generate& generate);
  Event execute(const Transfer& transfer);
  Event execute(const Score& score);
  Event execute(const BuildExperience& build);
  Event execute(const Regroup& regroup);
  Event execute(const Learn& learn);
  Event execute(const LoadLearner& load);
  Event execute(const LearnText& learn);
  Event execute(const LearnPairs& learn);
  Event execute(const EvaluateText& evaluate);
  Event execute(const EvaluatePairs& evaluate);
  Event execute(const Save& save);
  Event execute(const Free& free);
  bool save_model(const Save& save);  // whether this rank writes
  void report(Event event);
  bool reports_figures_of(const Command& command) const;
  Critic& critic(Role role);
  Replicas replicas_of(Role role, bool zero) const;
  ModelPlace place_of(Role role) const;

  WorkerSettings settings_;
  Links links_;
  BatchStore store_;
  PeakReport peaks_;
  std::unique_ptr<Actor> actor_;
  std::map<Role, std::unique_ptr<Scorer>> scorers_;
  std::map<Role, std::unique_ptr<Critic>> critics_;
  std::unique_ptr<TextLearner> text_learner_;  // supervised jobs have one of these two and no other role
  std::unique_ptr<PreferenceLearner> preference_learner_;
};

}  // namespace ballast
