// What a run of the main job leaves to read: metrics, times, samples, journal.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "orchestrator/command_stream.h"
#include "orchestrator/journal.h"
#include "orchestrator/metrics.h"
#include "orchestrator/samples.h"
#include "orchestrator/timeline.h"

namespace ballast {

class RunRecord {
 public:
  // Where the record goes beside the journal.
  struct Listeners {
    // Means over the iteration's steps, and its times.
    std::function<void(std::int64_t iteration, const StepMetrics&)> on_iteration;
    // After `iterations` iterations.
    std::function<void(std::int64_t iterations, const StepMetrics&)> on_evaluation;
    std::function<void(const Sample&)> on_sample;
    // What the ranks did in an iteration, or in an evaluation (`what` says which) before it.
    std::function<void(std::int64_t iteration, const std::string& what, const TimelinePart&)> on_timeline =
        [](auto&&...) {};
  };
  // Listens to the stream: all arguments outlive the run.
  RunRecord(CommandStream& stream, Metrics& metrics, Journal& journal, Listeners listeners);

  // Waits for the iteration's steps, which are all that have been ordered, then logs them.
  void iteration(std::int64_t iteration, const std::vector<TrainStep>& steps, bool constrained);
  void evaluation(std::int64_t iterations, const StepMetrics& figures);
  void checkpoint(std::int64_t iterations, const std::string& path);

 private:
  TimelinePart timeline_until_now();

  CommandStream& stream_;
  Metrics& metrics_;
  Journal& journal_;
  Listeners listeners_;
  Timeline timeline_;
  Samples samples_;
  std::int64_t control_bytes_ = 0;  // at the end of the last iteration
};

}  // namespace ballast
