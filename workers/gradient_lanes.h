// Sums gradients over micro-batches and replicas in an order that does not depend on the number of replicas.
#pragma once
#include <ATen/core/Tensor.h>

#include <chrono>
#include <optional>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

// `lanes` partial sums: micro-batch m adds to lane m mod lanes, which lives on replica m mod replicas; then the lanes
// are summed in a fixed pairwise tree (l with l + lanes/2, and so on), first inside a replica, then by exchanges
// between replicas. With lanes = 1 the micro-batches add up in place and the replicas use the library's all-reduce:
// faster, equal within tolerance only. lanes > 1: a power of two and a multiple of the replicas.
class GradientLanes {
 public:
  // `flat_gradient` [numel] float32 is where backward passes leave their result and where the sum ends up; not owned in
  // spirit, shared as a tensor. `replicas`: the role's communicator, or nullptr when there is one replica.
  GradientLanes(at::Tensor flat_gradient, int lanes, Communicator* replicas);

  // Before the backward pass of micro-batch `micro_batch`: the flat gradient is zero then.
  void begin(int micro_batch);
  // After the last one, on every replica: leaves the whole sum in the flat gradient. The next step begins anew.
  void reduce(std::chrono::milliseconds timeout);

 private:
  struct Lane {
    at::Tensor sum;
    bool empty = true;
  };
  // Puts what the last backward pass left into its lane.
  void put_away();
  // left += right.
  static void join(Lane& left, const Lane& right);
  void reduce_across(std::chrono::milliseconds timeout);

  at::Tensor flat_gradient_;
  int lanes_;
  int replicas_;
  Communicator* communicator_;
  std::vector<Lane> own_lanes_;         // lanes index, index + replicas, ...
  std::optional<std::size_t> pending_;  // the own lane that the flat gradient's content belongs to
  at::Tensor received_;
};

}  // namespace ballast
