// Measures the machine that a job's ranks are on, as a plan's cost model sees it.
#pragma once
#include <cstdint>
#include <string>

#include "comm/world.h"
#include "launch/failure_report.h"
#include "orchestrator/cluster.h"
#include "workers/device_choice.h"

namespace ballast {

struct CalibrationRank {
  World& world;
  FailureReport& failure;
  DeviceChoice device = DeviceChoice::Auto;
  std::int64_t threads = 1;  // CPU threads of each rank
};

// Collective: every rank calls it, and all ranks are busy at the same time, as in a job, so that what they share
// (memory, caches, the network) is shared here too; the slowest rank counts. One rank to a device, and as many on each
// host. Rank 0 gets the figures. Takes seconds. Throws UserError.
//
//   float32_flops, bfloat16_flops  large products
//   product_share                  what scoring and training of a model of shape S reach of them, geometric mean
//   memory_bandwidth               a copy larger than the caches, read and write counted
//   memory_share                   what decoding that model reaches of it
//   kernel_s                       a layer's share of a pass over a single token
//   within, between                send and receive with a neighbour: the smallest message and the largest; one figure
//                                  for both, that of the slowest neighbours
//   command_s, message_s, control_latency_s   commands that do nothing, one by one and all at once
Cluster calibrate(const CalibrationRank& rank);

}  // namespace ballast
