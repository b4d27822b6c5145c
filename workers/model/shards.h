// Where a model lies, as one rank sees it: on a device, whole or cut into tensor-parallel shards.
#pragma once
#include <c10/core/Device.h>

#include <chrono>

#include "comm/communicator.h"
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

struct ModelPlace {
  c10::Device device = c10::kCPU;
  Shards shards = {};

  ModelPlace() = default;
  ModelPlace(c10::Device device_in, Shards shards_in = {})  // NOLINT: a device is the place of a whole model
      : device(device_in), shards(shards_in) {}
};

}  // namespace ballast
