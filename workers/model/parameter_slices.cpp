#include "workers/model/parameter_slices.h"

#include <utility>
#include <vector>

#include "workers/model/between_shards.h"

namespace ballast {
namespace {

// body(view of the part, view of the whole) for what belongs together.
template <typename Body>
void for_each_range(const torch::Tensor& part, const torch::Tensor& whole, const ParameterSlice& slice,
                    const Body& body) {
  if (!slice.is_cut()) return body(part, whole);
  std::int64_t at = 0;
  for (const IndexRange& range : slice.ranges()) {
    body(part.narrow(slice.dimension, at, range.size()), whole.narrow(slice.dimension, range.begin, range.size()));
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
  for (const auto& [slice, part] : parts)
    for_each_range(part, whole, slice, [](const torch::Tensor& from, torch::Tensor to) { to.copy_(from); });
  return whole;
}

}  // namespace

void take_slice(torch::Tensor part, const torch::Tensor& whole, const ParameterSlice& slice) {
  for_each_range(part, whole, slice, [](torch::Tensor to, const torch::Tensor& from) { to.copy_(from); });
}

torch::Tensor gathered(const Parameters& parameters, const Segment& segment, const Shards& shards) {
  const torch::Tensor own = parameters.values(segment);
  const ParameterSlice& slice = segment.spec.slice;
  if (!slice.is_cut()) return own;
  if (shards.index() == 0) return put_together(own, segment.spec, shards);
  std::vector<Send> sends;
  if (slice.is_first_copy()) sends.push_back({0, buffer_of(own)});
  shards.communicator->exchange(sends, {}).wait(shards.timeout);
  return {};
}

}  // namespace ballast
