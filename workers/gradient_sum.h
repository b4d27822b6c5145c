// Sums the flat gradient over micro-batches and replicas, bucket by bucket, while the last backward pass still runs.
#pragma once
#include <ATen/core/Tensor.h>

#include <deque>
#include <vector>

#include "workers/bucket_queue.h"
#include "workers/gradient_lanes.h"
#include "workers/model/parameters.h"
#include "workers/replicas.h"

namespace ballast {

// With lanes each replica receives the others' sums of its own piece of a bucket and adds them in the lanes' tree, so
// that the sum has the same bits on any number of replicas; without, the library reduces. Under ZeRO-1 that is all:
// each replica has the sum of its own pieces. Otherwise they tell each other the pieces.
class GradientSum {
 public:
  // `parameters` outlive it; it hears of their gradients from now on.
  GradientSum(Parameters& parameters, const Replicas& replicas);
  ~GradientSum();
  GradientSum(const GradientSum&) = delete;
  GradientSum& operator=(const GradientSum&) = delete;

  // Before the backward passes of a micro-batch, this replica's last one in the step if `last`: the flat gradient is
  // zero then.
  void begin(int micro_batch, bool last);
  // After the last one, on every replica, also on one that had none: returns when the sum is in the flat gradient.
  void finish();

 private:
  // A bucket whose pieces are on their way to those that own them.
  struct Moving {
    int bucket = 0;
    Work work;
    at::Tensor received;  // [replicas, largest piece], mine unused; undefined without lanes
  };
  static constexpr std::size_t most_moving = 4;  // bounds the memory for what is received

  void hand_over(int bucket);
  Work send_pieces(int bucket, at::Tensor& received);
  Work reduce(int bucket);
  void settle();  // the first bucket under way
  void add_received(const at::Tensor& received, at::Tensor own);
  Work gather(int bucket);
  at::Tensor piece(int bucket, int replica) const;

  Parameters& parameters_;
  Replicas replicas_;
  Partition partition_;
  GradientLanes lanes_;
  BucketQueue queue_;
  std::deque<Moving> moving_;
  std::vector<at::Tensor> free_;  // to receive in
  std::vector<Work> gathering_;
};

}  // namespace ballast
