// Which bucket of the flat gradient is to be summed next, and whether the backward pass is through with it. No torch.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "workers/model/partition.h"

namespace ballast {

// Buckets leave in one order, the same on all replicas: what decays from its end to its beginning, which is how a
// backward pass comes by, then what holds norms and biases, of which every layer has some. A bucket may leave when
// every leaf in it has had as many gradients as any leaf had in a micro-batch so far: in the first one all wait for its
// end, and so does a leaf that one of several backward passes leaves out.
class BucketQueue {
 public:
  BucketQueue(const Partition& partition, std::int64_t decayed_size);

  // A micro-batch's backward passes begin, the step's last ones if `last`.
  void begin(bool last);
  // One is through with a leaf that has these elements. Throws std::logic_error if one of them has left already.
  void arrived(const void* leaf, IndexRange elements);
  // The next bucket, taken off, if the last backward passes are through with it.
  std::optional<int> take_complete();
  // The next bucket, taken off, complete or not; nothing at the end.
  std::optional<int> take();
  // The step is over: all buckets are back.
  void end();

 private:
  struct Leaf {
    IndexRange elements;
    int seen = 0;  // gradients in this micro-batch
  };
  template <typename Body>
  void for_buckets(IndexRange elements, const Body& body) const;
  void learn();

  Partition partition_;
  std::vector<int> order_;
  std::vector<std::size_t> position_;  // bucket -> place in `order_`
  std::size_t next_ = 0;
  std::map<const void*, Leaf> leaves_;
  int expected_ = 0;  // the most gradients that a leaf had in one micro-batch
  bool last_ = false;
  std::vector<int> awaited_;  // gradients by bucket
};

}  // namespace ballast
