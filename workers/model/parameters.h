// A model's parameters in one flat storage, so that an optimizer step, a broadcast or a checkpoint is one operation.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workers/model/compute_dtype.h"
#include "workers/model/parameter_spec.h"

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
};

// False for names that contain "bias" or "layernorm.weight" in any case, as in the reference implementation: the final
// norm's weight and those of GPT-2's ln_* do decay.
bool is_decayed(std::string_view name);

// Order: trainable and decayed, trainable and not decayed, frozen; inside each as the model asked. Segments start at
// multiples of 16 elements (64 bytes); the gaps are zero and stay zero.
//
// Values and gradients are float32 and layers compute with the values themselves, but for bfloat16: there a model that
// learns has a bfloat16 copy of its values, which layers compute with, and one that infers has nothing else.
class Parameters {
 public:
  // All values are zero. Throws std::invalid_argument for a name that comes twice.
  Parameters(std::vector<ParameterSpec> specs, Use use, ComputeDType dtype = ComputeDType::float32,
             c10::Device device = c10::kCPU);

  // What layers compute with, by name or alias: an autograd leaf. Its gradient is added to the flat gradient: in
  // float32 `grad()` is a view of it, in bfloat16 each backward pass's gradient goes there and leaves `grad()`
  // undefined. Throws std::out_of_range for an unknown name.
  torch::Tensor at(std::string_view name) const;
  // The same for parameters that follow each other in the flat storage without a gap and differ in their first extent
  // only, as one leaf [sum of first extents, ...]; undefined where they do not. Each call makes a new leaf.
  torch::Tensor joined(const std::vector<std::string>& names) const;
  bool contains(std::string_view name) const;

  // The values of one segment, a view of `flat`; whoever writes there calls `refresh` in the end.
  torch::Tensor values(const Segment& segment) const;
  // Brings what layers compute with up to the values: one cast in bfloat16, else nothing.
  void refresh();
  // Counts the calls of refresh: two that are equal see the same values.
  std::uint64_t version() const { return version_; }

  const std::vector<Segment>& segments() const { return segments_; }
  // What values are held in: what a saved model has.
  ComputeDType dtype() const;
  // What layers compute in.
  ComputeDType compute_dtype() const;
  // [storage] everything; [trainable] its learning part, undefined if there is none; [decayed] is the front of both.
  const torch::Tensor& flat() const { return flat_; }
  const torch::Tensor& flat_gradient() const { return flat_gradient_; }
  c10::Device device() const { return flat_.device(); }
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
  void lay_out(std::vector<ParameterSpec> specs, Use use);
  torch::Tensor make_leaf(const Segment& segment) const;

  std::vector<Segment> segments_;
  std::uint64_t version_ = 0;
  std::int64_t storage_size_ = 0;
  std::int64_t trainable_size_ = 0;
  std::int64_t decayed_size_ = 0;
  torch::Tensor flat_;
  torch::Tensor computed_;  // [storage] what layers see: `flat_` itself or its bfloat16 copy
  torch::Tensor flat_gradient_;
  std::map<std::string, torch::Tensor, std::less<>> leaves_;
};

}  // namespace ballast
