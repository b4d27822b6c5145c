#include "workers/model/parameter_slices.h"

#include <utility>
#include <vector>

#include "workers/model/tensor_buffer.h"

namespace ballast {
namespace {

// Each range of the part where it belongs.
void place(const torch::Tensor& part, const torch::Tensor& whole, const ParameterSlice& slice) {
  std::int64_t at = 0;
  for (const IndexRange& range : slice.ranges()) {
    whole.narrow(slice.dimension, range.begin, range.size()).copy_(part.narrow(slice.dimension, at, range.size()));
    at += range.size();
  }
}

torch::Tensor put_together(const torch::Tensor& own, const ParameterSpec& spec, const Shards& shards) {
  std::vector<std::pair<ParameterSlice, torch::Tensor>> parts{{spec.slice, own}};
  std::vector<Receive> receives;
  for (int index = spec.slice.copies; index < shards.count(); index += spec.slice.copies) {
    ParameterSlice slice = spec.slice;
    slice.shard.index = index;
    auto shape = spec.shape;
    shape.at(slice.dimension) = slice.size();
    parts.emplace_back(slice, torch::empty(shape, own.options()));
    receives.push_back({index, buffer_of(parts.back().second)});
  }
  shards.communicator->exchange({}, receives).wait(shards.timeout);
  torch::Tensor whole = torch::empty(spec.whole_shape(), own.options());
  for (const auto& [slice, part] : parts) place(part, whole, slice);
  return whole;
}

}  // namespace

torch::Tensor sliced(const torch::Tensor& whole, const ParameterSlice& slice) {
  if (!slice.is_cut()) return whole;
  std::vector<torch::Tensor> ranges;
  for (const IndexRange& range : slice.ranges())
    ranges.push_back(whole.narrow(slice.dimension, range.begin, range.size()));
  return torch::cat(ranges, slice.dimension);
}

torch::Tensor whole_parameter(const Parameters& parameters, const Segment& segment) {
  const Shards& shards = parameters.shards();
  const ParameterSlice& slice = segment.spec.slice;
  if (!slice.is_first_copy()) return {};  // nor do the other replicas of this shard gather it
  const torch::Tensor own = parameters.gathered(segment);
  if (!slice.is_cut() || !own.defined()) return own;
  if (shards.index() == 0) return put_together(own, segment.spec, shards);
  shards.communicator->send(0, buffer_of(own)).wait(shards.timeout);
  return {};
}

}  // namespace ballast
