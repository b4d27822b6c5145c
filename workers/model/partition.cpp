#include "workers/model/partition.h"

#include <algorithm>

namespace ballast {
namespace {

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

}  // namespace

Partition::Partition(std::int64_t size, int replicas, std::int64_t bucket) : size_(size), replicas_(replicas) {
  const std::int64_t smallest = block * replicas;
  bucket_ = std::max<std::int64_t>(1, bucket / smallest) * smallest;
}

std::int64_t Partition::padded(std::int64_t size, int replicas) {
  return ceil_div(size, block * replicas) * block * replicas;
}

int Partition::buckets() const { return static_cast<int>(ceil_div(size_, bucket_)); }

IndexRange Partition::bucket(int index) const {
  const std::int64_t begin = index * bucket_;
  return {begin, std::min(begin + bucket_, size_)};
}

IndexRange Partition::piece(int index, int replica) const {
  const IndexRange whole = bucket(index);
  const std::int64_t each = ceil_div(whole.size(), block * replicas_) * block;
  return overlap({whole.begin + replica * each, whole.begin + (replica + 1) * each}, whole);
}

}  // namespace ballast
