// Adds up what each shard of a model has computed a part of.
#pragma once
#include <exception>

#include "workers/cpu_kernels/aligned_vector.h"
#include "workers/cpu_kernels/bfloat16.h"
#include "workers/model/shards.h"

namespace ballast {

// All parts come to all shards, which each add them in the order of the shards: an element's sum has the same bits on
// every shard and with any number of rows, which an all-reduce does not promise. It is one round of messages, and for
// few shards hardly more bytes.
template <typename Element>
class ShardSum {
 public:
  // For parts of up to so many elements.
  ShardSum(const Shards& shards, std::int64_t elements);

  // Brings every shard's part here. To be called by one of a crew's members; as those throw nothing, `check` throws
  // afterwards what went wrong, and until then nothing more is gathered.
  void gather(const Element* part, std::int64_t count) noexcept;
  // sum[i] = element offset + i of all parts, added in float32, rounded once.
  void take(Element* sum, std::int64_t offset, std::int64_t count) const;
  // Throws CommunicationError.
  void check();

 private:
  Shards shards_;
  std::int64_t count_ = 0;        // of the parts at hand
  AlignedVector<Element> parts_;  // [shards, count_]
  std::exception_ptr failure_ = {};
};

extern template class ShardSum<float>;
extern template class ShardSum<Bfloat16>;

}  // namespace ballast
