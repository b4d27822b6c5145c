// A model's parameters in one flat storage, so that an optimizer step, a broadcast or a checkpoint is one operation.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workers/model/compute_dtype.h"
#include "workers/model/parameter_spec.h"
#include "workers/model/shards.h"

namespace ballast {

// Learn: parameters have gradients. Infer: all of them are frozen and there is no gradient storage.
enum class Use : std::uint8_t { Learn, Infer };

// One parameter's place in the flat storage. `offset` counts elements.
struct Segment {
  ParameterSpec spec;
  std::int64_t offset = 0;
  std::int64_t numel = 0;
  bool decayed = false;  // by weight decay
  bool trainable = false;

  IndexRange span() const { return {offset, offset + numel}; }
};

// Float32 values that this replica's optimizer moves.
struct OwnPiece {
  IndexRange span;       // of the flat storage
  torch::Tensor values;  // [span.size()]; a view
};

// What a backward pass has added to the flat gradient by one leaf: one parameter, or several that are joined.
struct AddedGradient {
  const void* leaf = nullptr;  // which one it is, for as long as the parameters live
  IndexRange span;
};

// These elements of a flat tensor; a view.
torch::Tensor slice_of(const torch::Tensor& flat, IndexRange span);

// False for names that contain "bias" or "layernorm.weight" in any case, as in the reference implementation: the final
// norm's weight and those of GPT-2's ln_* do decay.
bool is_decayed(std::string_view name);

// Order: trainable and decayed, trainable and not decayed, frozen; inside each as the model asked. Segments start at
// multiples of 16 elements (64 bytes); the gaps are zero and stay zero.
//
// Values and gradients are float32 and layers compute with the values themselves, but for bfloat16: there a model that
// learns has a bfloat16 copy of its values, which layers compute with, and one that infers has nothing else. With
// `place.zero` that copy is whole, and of the float32 values each replica has its own pieces (ZeRO-1); where layers
// compute in float32, every replica has all values and moves its own pieces alone.
class Parameters {
 public:
  // All values are zero. Throws std::invalid_argument for a name that comes twice.
  Parameters(std::vector<ParameterSpec> specs, Use use, ComputeDType dtype = ComputeDType::float32,
             const ModelPlace& place = {});

  // What layers compute with, by name or alias: an autograd leaf. Its gradient is added to the flat gradient: in
  // float32 `grad()` is a view of it, in bfloat16 each backward pass's gradient goes there and leaves `grad()`
  // undefined. Throws std::out_of_range for an unknown name.
  torch::Tensor at(std::string_view name) const;
  // The same for parameters that follow each other in the flat storage without a gap and differ in their first extent
  // only, as one leaf [sum of first extents, ...]; undefined where they do not. Each call makes a new leaf.
  torch::Tensor joined(const std::vector<std::string>& names) const;
  bool contains(std::string_view name) const;

  // The values of one segment, a view of `flat`; whoever writes there calls `refresh` in the end. Not where this
  // replica has only its own pieces.
  torch::Tensor values(const Segment& segment) const;
  // Gives a segment its values [segment's shape], wherever they lie; whoever writes calls `refresh` in the end.
  void write(const Segment& segment, const torch::Tensor& values);
  // The values of one segment on the first replica, undefined on the others. All replicas of `place.zero` call it.
  torch::Tensor gathered(const Segment& segment) const;
  // Brings what layers compute with up to the values: one cast in bfloat16, else nothing.
  void refresh();

  // All trainable values, or with `place.zero` one piece of each bucket.
  const std::vector<OwnPiece>& own() const { return own_; }
  // With `place.zero`: begins to tell the other replicas the own piece of this bucket, in what layers compute with, and
  // to hear theirs. All replicas call it for all buckets in one order, wait for the works, and then call `refresh`.
  Work share(std::size_t bucket);
  const ZeroReplicas& zero() const { return zero_; }
  // The ranks that hold the model together, each its slices of the parameters.
  const Shards& shards() const { return shards_; }
  // Calls `listener` whenever a backward pass is through with a leaf; empty: nobody.
  void listen(std::function<void(const AddedGradient&)> listener) { *listener_ = std::move(listener); }
  // Counts the calls of refresh: two that are equal see the same values.
  std::uint64_t version() const { return version_; }

  const std::vector<Segment>& segments() const { return segments_; }
  // What values are held in: what a saved model has.
  ComputeDType dtype() const;
  // What layers compute in.
  ComputeDType compute_dtype() const;
  // [storage] everything, undefined where this replica has only its own pieces; [trainable] its learning part,
  // undefined if there is none; [decayed] is the front of both.
  const torch::Tensor& flat() const { return flat_; }
  const torch::Tensor& flat_gradient() const { return flat_gradient_; }
  c10::Device device() const { return computed_.device(); }
  std::int64_t trainable_size() const { return trainable_size_; }
  std::int64_t decayed_size() const { return decayed_size_; }

  // Elements of all parameters, without gaps.
  std::int64_t numel() const;
  // Of values, their copy and gradients in memory.
  std::int64_t bytes() const;
  // The segment that holds this element of the flat storage; for messages. Gaps belong to the segment before them.
  const Segment& segment_at(std::int64_t element) const;

  void zero_gradient();

 private:
  using Listener = std::shared_ptr<std::function<void(const AddedGradient&)>>;

  void lay_out(std::vector<ParameterSpec> specs, Use use);
  void allocate(Use use, ComputeDType dtype, c10::Device device);
  torch::Tensor make_leaf(const Segment& segment) const;
  torch::Tensor own_part(int bucket, IndexRange part) const;

  std::vector<Segment> segments_;
  Shards shards_;
  ZeroReplicas zero_;  // of no communicator where nothing is dealt
  std::uint64_t version_ = 0;
  std::int64_t storage_size_ = 0;
  std::int64_t trainable_size_ = 0;
  std::int64_t decayed_size_ = 0;
  torch::Tensor flat_;
  torch::Tensor computed_;  // [storage] what layers see: `flat_` itself or its bfloat16 copy
  torch::Tensor flat_gradient_;
  std::vector<OwnPiece> own_;
  Listener listener_ = std::make_shared<std::function<void(const AddedGradient&)>>();
  std::map<std::string, torch::Tensor, std::less<>> leaves_;
};

}  // namespace ballast
