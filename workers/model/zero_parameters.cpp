// Values of parameters whose masters are dealt to replicas (ZeRO-1).
#include <torch/types.h>

#include "workers/model/parameters.h"
#include "workers/model/tensor_buffer.h"

namespace ballast {

// `part` lies in the own piece of that bucket.
torch::Tensor Parameters::own_part(int bucket, IndexRange part) const {
  const OwnPiece& piece = own_.at(bucket);
  return slice_of(piece.values, {part.begin - piece.span.begin, part.end - piece.span.begin});
}

void Parameters::write(const Segment& segment, const torch::Tensor& values) {
  const torch::NoGradGuard no_grad;
  if (flat_.defined()) {
    this->values(segment).copy_(values);
    return;
  }
  const torch::Tensor flat_values = values.reshape({-1});
  slice_of(computed_, segment.span()).copy_(flat_values);
  for (std::size_t bucket = 0; bucket < own_.size(); ++bucket) {
    const IndexRange part = overlap(own_[bucket].span, segment.span());
    if (part.empty()) continue;
    own_part(static_cast<int>(bucket), part)
        .copy_(slice_of(flat_values, {part.begin - segment.offset, part.end - segment.offset}));
  }
}

torch::Tensor Parameters::gathered(const Segment& segment) const {
  const bool first = zero_.index() == 0;
  if (flat_.defined()) return first ? values(segment) : torch::Tensor();
  const torch::Tensor whole = first ? torch::empty({segment.numel}, own_.front().values.options()) : torch::Tensor();
  const Partition partition(trainable_size_, zero_.count(), zero_.bucket);
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (int bucket = partition.bucket_of(segment.offset); bucket < partition.buckets(); ++bucket) {
    for (int replica = 0; replica < zero_.count(); ++replica) {
      const IndexRange part = overlap(partition.piece(bucket, replica), segment.span());
      if (part.empty()) continue;
      const auto there = [&] { return slice_of(whole, {part.begin - segment.offset, part.end - segment.offset}); };
      if (replica == zero_.index()) {
        const torch::Tensor here = own_part(bucket, part);
        if (first)
          there().copy_(here);
        else
          sends.push_back({0, buffer_of(here)});
      } else if (first) {
        receives.push_back({replica, buffer_of(there())});
      }
    }
  }
  zero_.communicator->exchange(std::move(sends), std::move(receives)).wait(zero_.timeout);
  return first ? whole.view(segment.spec.shape) : whole;
}

Work Parameters::share(std::size_t bucket) {
  const torch::NoGradGuard no_grad;
  const Partition partition(trainable_size_, zero_.count(), zero_.bucket);
  const torch::Tensor here = slice_of(computed_, own_.at(bucket).span);
  if (!flat_.defined()) here.copy_(own_[bucket].values);
  return zero_.communicator->all_gather(buffer_of(here),
                                        buffer_of(slice_of(computed_, partition.bucket(static_cast<int>(bucket)))));
}

}  // namespace ballast
