// Where a model lies, as one rank sees it: on a device, whole or cut into tensor-parallel shards, with all of its
// float32 state or, under ZeRO-1, a replica's part of it.
#pragma once
#include <c10/core/Device.h>

#include <chrono>

#include "comm/communicator.h"
#include "workers/model/partition.h"
#include "workers/model/sharding.h"

namespace ballast {

// The ranks that together hold one model. The communicator outlives the model.
struct Shards {
  Communicator* communicator = nullptr;  // in the order of the shards; nullptr: the model is whole
  std::chrono::milliseconds timeout{600000};

  int count() const { return communicator ? communicator->group().size() : 1; }
  int index() const { return communicator ? communicator->group().index : 0; }
  Shard shard() const { return {.index = index(), .count = count()}; }
};

// The replicas that a model which learns deals its float32 state to (ZeRO-1). The communicator outlives the model.
struct ZeroReplicas {
  Communicator* communicator = nullptr;  // nullptr: each replica keeps all of it
  std::chrono::milliseconds timeout{600000};
  std::int64_t bucket = default_bucket;  // elements of the flat storage that are dealt at once

  int count() const { return communicator ? communicator->group().size() : 1; }
  int index() const { return communicator ? communicator->group().index : 0; }
};

struct ModelPlace {
  c10::Device device = c10::kCPU;
  Shards shards = {};
  ZeroReplicas zero = {};

  ModelPlace() = default;
  ModelPlace(c10::Device device_in, Shards shards_in = {}, ZeroReplicas zero_in = {})  // NOLINT: a device is a place
      : device(device_in), shards(shards_in), zero(zero_in) {}
};

}  // namespace ballast
