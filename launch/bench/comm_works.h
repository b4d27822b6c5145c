// How fast the ranks' transport is, in the manner of nccl-tests.
#pragma once
#include <c10/core/Device.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "launch/bench/timing.h"

namespace ballast {

struct CommOptions {
  std::int64_t min_bytes = 8;
  std::int64_t max_bytes = std::int64_t{16} << 20;
  std::int64_t factor = 8;
  std::int64_t repeats = 20;
};

// One operation at one size. S: bytes of the whole array, which for all_gather and reduce_scatter is that of all ranks
// together, as nccl-tests counts.
struct MeasuredTransfer {
  std::string operation;
  std::int64_t bytes = 0;  // S
  Timing timing;           // of each repetition: the slowest rank's
  double bus_factor = 1.0;
  std::int64_t wrong = 0;  // elements of all ranks that were not what they should be

  double algorithm_bandwidth() const { return static_cast<double>(bytes) / timing.median(); }  // S / t
  // What the wire carries: algorithm bandwidth times 2 (n - 1) / n for all_reduce, (n - 1) / n for all_gather and
  // reduce_scatter, 1 for broadcast and sendrecv. Comparable between operations and numbers of ranks.
  double bus_bandwidth() const { return bus_factor * algorithm_bandwidth(); }
};

// What is measured: a communicator and where its buffers lie. Ranks agree on the figures over the other one, which
// takes host memory.
struct MeasuredRanks {
  Communicator& transport;
  c10::Device device = c10::kCPU;
  Communicator& agreement;
};

// Collective: every rank calls it with the same options; all get the result. sendrecv: every rank sends to the next one
// and receives from the one before.
std::vector<MeasuredTransfer> measure_transfers(const MeasuredRanks& ranks, const CommOptions& options);

std::string describe(const std::vector<MeasuredTransfer>& transfers);
nlohmann::json to_json(const std::vector<MeasuredTransfer>& transfers);

}  // namespace ballast
