// How a role's replicas work together, and where this one computes.
#pragma once
#include <chrono>
#include <cstdint>

#include "comm/communicator.h"
#include "workers/model/shards.h"

namespace ballast {

struct Replicas {
  Communicator* communicator = nullptr;  // over the replicas of this shard; nullptr: one replica
  int lanes = 2;
  bool zero = false;  // each replica keeps the optimizer's state of its own part alone (ZeRO-1)
  std::chrono::milliseconds timeout{600000};
  ModelPlace place = {};
  std::int64_t bucket = default_bucket;  // elements of the gradient that are summed at once
  bool overlap = true;                   // buckets are summed while the last backward pass still runs

  int count() const { return communicator ? communicator->group().size() : 1; }
  int index() const { return communicator ? communicator->group().index : 0; }
  // Of a model that learns.
  ModelPlace model_place() const {
    if (!zero) return place;
    return {place.device, place.shards, {.communicator = communicator, .timeout = timeout, .bucket = bucket}};
  }
};

}  // namespace ballast
