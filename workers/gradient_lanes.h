// Sums one replica's gradients over micro-batches, in an order that does not depend on the number of replicas.
#pragma once
#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "workers/model/partition.h"

namespace ballast {

// `lanes` partial sums: micro-batch m adds to lane m mod lanes, which lives on replica m mod replicas; then the lanes
// are summed in a fixed pairwise tree (l with l + lanes/2, and so on), first inside a replica, then between replicas
// (`GradientSum`). With lanes = 1 the micro-batches add up in place. lanes > 1: a power of two and a multiple of the
// replicas.
class GradientLanes {
 public:
  // `flat_gradient` [numel] float32 is where backward passes leave their result and where the sum ends up; its
  // memory is shared.
  GradientLanes(at::Tensor flat_gradient, int lanes, int replicas);

  // Before the backward pass of micro-batch `micro_batch`: the flat gradient is zero then.
  void begin(int micro_batch);
  // When the last backward pass of this replica is through with these elements, or when there was none: leaves their
  // sum in the flat gradient. Once for each element in a step.
  void sum(IndexRange elements);
  // The step is over; the next begins anew.
  void end();

 private:
  struct Lane {
    at::Tensor sum;
    bool empty = true;
  };
  // Puts what the last backward pass left into its lane.
  void put_away();
  at::Tensor sum_of_lanes(IndexRange elements);

  at::Tensor flat_gradient_;
  int lanes_;
  int replicas_;
  std::vector<Lane> own_lanes_;         // lanes index, index + replicas, ...
  std::optional<std::size_t> pending_;  // the own lane that the flat gradient's content belongs to
};

}  // namespace ballast
