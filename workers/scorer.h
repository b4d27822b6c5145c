// A frozen role: reference, reward or cost.
#pragma once
#include <memory>

#include "workers/batch_store.h"
#include "workers/commands.h"
#include "workers/model/shards.h"
#include "workers/worker_settings.h"

namespace ballast {

class Scorer {
 public:
  virtual ~Scorer() = default;
  // Scores one micro-batch; leaves its result in the store and returns what the orchestrator needs of it by row.
  virtual Figures score(const Score& command, BatchStore& store) = 0;
};

// Reads the role's model. Throws ModelError when it cannot be read.
std::unique_ptr<Scorer> make_scorer(Role role, const WorkerSettings& settings, const ModelPlace& place = {});

}  // namespace ballast
