#include "workers/bucket_queue.h"

#include <algorithm>
#include <stdexcept>

namespace ballast {

BucketQueue::BucketQueue(const Partition& partition, std::int64_t decayed_size)
    : partition_(partition), position_(partition.buckets()), awaited_(partition.buckets()) {
  for (int bucket = partition.buckets() - 1; bucket >= 0; --bucket) order_.push_back(bucket);
  std::stable_partition(order_.begin(), order_.end(),
                        [&](int bucket) { return partition_.bucket(bucket).end <= decayed_size; });
  for (std::size_t place = 0; place < order_.size(); ++place) position_[order_[place]] = place;
}

template <typename Body>
void BucketQueue::for_buckets(IndexRange elements, const Body& body) const {
  const int last = partition_.bucket_of(elements.end - 1);
  for (int bucket = partition_.bucket_of(elements.begin); bucket <= last; ++bucket) body(bucket);
}

void BucketQueue::learn() {
  for (auto& [address, leaf] : leaves_) {
    expected_ = std::max(expected_, leaf.seen);
    leaf.seen = 0;
  }
}

void BucketQueue::begin(bool last) {
  learn();
  last_ = last && !leaves_.empty();
  std::fill(awaited_.begin(), awaited_.end(), 0);
  for (const auto& [address, leaf] : leaves_)
    for_buckets(leaf.elements, [&](int bucket) { awaited_[bucket] += expected_; });
}

void BucketQueue::arrived(const void* address, IndexRange elements) {
  if (elements.empty()) return;
  Leaf& leaf = leaves_[address];
  leaf.elements = elements;
  const bool expected = ++leaf.seen <= expected_;
  for_buckets(elements, [&](int bucket) {
    if (position_[bucket] < next_) throw std::logic_error("a gradient came after its bucket had been summed");
    if (expected) --awaited_[bucket];
  });
}

std::optional<int> BucketQueue::take_complete() {
  if (!last_ || next_ == order_.size() || awaited_[order_[next_]] > 0) return std::nullopt;
  return order_[next_++];
}

std::optional<int> BucketQueue::take() {
  if (next_ == order_.size()) return std::nullopt;
  return order_[next_++];
}

void BucketQueue::end() {
  learn();
  last_ = false;
  next_ = 0;
}

}  // namespace ballast
