#include "workers/model/parameters.h"

#include <algorithm>
#include <cctype>
#include <stdexcept>

#include "workers/cpu_kernels/flat.h"
#include "workers/memory/memory_count.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

constexpr std::int64_t alignment = 16;  // elements; 64 bytes of float32

std::int64_t aligned(std::int64_t size) { return (size + alignment - 1) / alignment * alignment; }

std::int64_t elements(const ParameterSpec& spec) {
  std::int64_t product = 1;
  for (const std::int64_t extent : spec.shape) product *= extent;
  return product;
}

torch::Tensor part_of(const torch::Tensor& flat, const Segment& segment) {
  return flat.narrow(0, segment.offset, segment.numel).view(segment.spec.shape).detach();
}

// Adds a leaf's gradient to `sum_` when a backward pass is through with it.
class AddGradient final : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit AddGradient(torch::Tensor sum) : sum_(std::move(sum)) {}
  void operator()(const torch::autograd::Variable& leaf) override {
    const torch::NoGradGuard no_grad;
    const torch::Tensor gradient = leaf.grad().contiguous();
    if (suits_cpu_kernels(gradient))
      cpu::add(data_of<float>(sum_), data_of<Bfloat16>(gradient), gradient.numel());
    else
      sum_.add_(gradient);
    leaf.mutable_grad().reset();
  }

 private:
  torch::Tensor sum_;
};

ComputeDType dtype_of(const torch::Tensor& values) {
  return values.scalar_type() == torch::kFloat32 ? ComputeDType::float32 : ComputeDType::bfloat16;
}

}  // namespace

bool is_decayed(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("bias") == std::string::npos && lower.find("layernorm.weight") == std::string::npos;
}

Parameters::Parameters(std::vector<ParameterSpec> specs, Use use, ComputeDType dtype, c10::Device device) {
  const MemoryScope scope(MemoryClass::Parameters);
  lay_out(std::move(specs), use);
  const auto compute = dtype == ComputeDType::float32 ? torch::kFloat32 : torch::kBFloat16;
  const auto on_device = torch::TensorOptions(device);
  flat_ = torch::zeros({storage_size_}, on_device.dtype(use == Use::Learn ? torch::kFloat32 : compute));
  computed_ = flat_.to(compute);
  if (trainable_size_ > 0)
    flat_gradient_ = counted_as(MemoryClass::Gradients,
                                [&] { return torch::zeros({trainable_size_}, on_device.dtype(torch::kFloat32)); });
  // A tied weight is two leaves: in bfloat16 the gradients of its two uses must not meet before they are float32.
  for (const Segment& segment : segments_)
    for (const std::string& name : {segment.spec.name, segment.spec.alias})
      if (!name.empty() && !leaves_.emplace(name, make_leaf(segment)).second)
        throw std::invalid_argument("two parameters are named " + name);
}

void Parameters::lay_out(std::vector<ParameterSpec> specs, Use use) {
  const bool trainable = use == Use::Learn;
  for (ParameterSpec& spec : specs) {
    const std::int64_t numel = elements(spec);
    const bool decayed = is_decayed(spec.name);
    segments_.push_back({.spec = std::move(spec), .numel = numel, .decayed = decayed, .trainable = trainable});
  }
  const auto part = [](const Segment& segment) { return !segment.trainable ? 2 : segment.decayed ? 0 : 1; };
  std::stable_sort(segments_.begin(), segments_.end(),
                   [&](const Segment& a, const Segment& b) { return part(a) < part(b); });
  for (Segment& segment : segments_) {
    segment.offset = storage_size_;
    storage_size_ += aligned(segment.numel);
    if (part(segment) <= 1) trainable_size_ = storage_size_;
    if (part(segment) == 0) decayed_size_ = storage_size_;
  }
}

torch::Tensor Parameters::make_leaf(const Segment& segment) const {
  torch::Tensor leaf = part_of(computed_, segment);
  if (!segment.trainable) return leaf;
  leaf.set_requires_grad(true);
  const torch::Tensor gradient = part_of(flat_gradient_, segment);
  if (leaf.scalar_type() == torch::kFloat32)
    leaf.mutable_grad() = gradient;
  else
    torch::autograd::impl::set_post_acc_grad_hooks(leaf, std::make_unique<AddGradient>(gradient));
  return leaf;
}

torch::Tensor Parameters::values(const Segment& segment) const { return part_of(flat_, segment); }

void Parameters::refresh() {
  const torch::NoGradGuard no_grad;
  if (!computed_.is_same(flat_)) computed_.copy_(flat_);
  ++version_;
}

ComputeDType Parameters::dtype() const { return dtype_of(flat_); }

ComputeDType Parameters::compute_dtype() const { return dtype_of(computed_); }

torch::Tensor Parameters::at(std::string_view name) const {
  const auto leaf = leaves_.find(name);
  if (leaf == leaves_.end()) throw std::out_of_range("no parameter is named " + std::string(name));
  return leaf->second;
}

torch::Tensor Parameters::joined(const std::vector<std::string>& names) const {
  Segment whole;
  for (const std::string& name : names) {
    const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                      [&](const Segment& candidate) { return candidate.spec.name == name; });
    if (segment == segments_.end()) throw std::out_of_range("no parameter is named " + name);
    if (name == names.front()) {
      whole = *segment;
      continue;
    }
    const bool follows = segment->offset == whole.offset + whole.numel;
    auto shape = segment->spec.shape;
    shape.front() = whole.spec.shape.front();
    if (!follows || shape != whole.spec.shape) return {};
    whole.spec.shape.front() += segment->spec.shape.front();
    whole.numel += segment->numel;
  }
  return make_leaf(whole);
}

bool Parameters::contains(std::string_view name) const { return leaves_.contains(name); }

std::int64_t Parameters::numel() const {
  std::int64_t sum = 0;
  for (const Segment& segment : segments_) sum += segment.numel;
  return sum;
}

std::int64_t Parameters::bytes() const {
  std::size_t sum = flat_.nbytes();
  if (!computed_.is_same(flat_)) sum += computed_.nbytes();
  if (flat_gradient_.defined()) sum += flat_gradient_.nbytes();
  return static_cast<std::int64_t>(sum);
}

const Segment& Parameters::segment_at(std::int64_t element) const {
  const auto after = std::upper_bound(segments_.begin(), segments_.end(), element,
                                      [](std::int64_t e, const Segment& segment) { return e < segment.offset; });
  return *std::prev(after);
}

void Parameters::zero_gradient() {
  if (flat_gradient_.defined()) flat_gradient_.zero_();
}

}  // namespace ballast
