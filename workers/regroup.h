// Puts rows of a batch together anew on the ranks of a role.
#pragma once
#include <chrono>

#include "comm/communicator.h"
#include "workers/batch_store.h"
#include "workers/commands.h"

namespace ballast {

// This rank's part: rows that stay here are copied, those that come from or go to other ranks travel in one exchange,
// a message for each field and peer. Shards of one replica hold the same rows, so shard s of a replica sends to shard s
// of another. `world` spans all ranks; the command names its ranks, and this is one of them.
void run_regroup(const Regroup& regroup, Communicator& world, BatchStore& store, std::chrono::milliseconds timeout);

}  // namespace ballast
