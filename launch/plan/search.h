// `placement: auto`: which placement and layouts are fastest on a cluster, and why.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "launch/plan/predict.h"
#include "orchestrator/candidates.h"

namespace ballast {

struct SearchRequest {
  const TrainConfig& config;  // whose placement, shards, zero and activation checkpointing are not looked at
  const Cluster& cluster;
  std::int64_t ranks = 1;
  PlannedLengths lengths;
  std::int64_t predictions = 24;  // so many at most
  std::int64_t alike = 3;         // of these, so many of one estimate: most are one placement with equal models swapped
  double beyond = 1.5;            // nothing is predicted whose estimate is so many times that of the best so far
};

// One placement that fits, with all that it takes.
struct FoundPlacement {
  Placement placement;
  std::vector<std::string> settings;  // overrides of the configuration: shards, zero, activation checkpointing
  Prediction prediction;
  double estimate_s = 0.0;
};

struct SearchResult {
  std::vector<FoundPlacement> best;  // three at most, the fastest first
  std::int64_t candidates = 0;
  std::int64_t predicted = 0;
  std::int64_t too_large = 0;  // for the memory
  std::string shortage;        // of the most promising that is: who needs how much, and the smallest change that helps
};

// Goes through the candidates by their estimates, lets memory decide before time, and predicts the time of those that
// fit. Estimates leave out how ranks wait for each other, hence a few are predicted. Throws UserError.
SearchResult search_placement(const SearchRequest& request);

// The placement and its settings as overrides of the configuration.
std::vector<std::string> overrides_of(const FoundPlacement& found);

}  // namespace ballast
