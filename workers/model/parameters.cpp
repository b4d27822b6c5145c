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

// When a backward pass is through with a leaf: adds a bfloat16 gradient to the flat one, where autograd itself has
// added a float32 gradient, and tells the listener.
class GradientHook final : public torch::autograd::PostAccumulateGradHook {
 public:
  GradientHook(IndexRange span, torch::Tensor sum,
               std::shared_ptr<const std::function<void(const AddedGradient&)>> listener)
      : span_(span), sum_(std::move(sum)), listener_(std::move(listener)) {}

  void operator()(const torch::autograd::Variable& leaf) override {
    if (leaf.scalar_type() != torch::kFloat32) add(leaf);
    if (*listener_) (*listener_)({.leaf = this, .span = span_});
  }

 private:
  void add(const torch::autograd::Variable& leaf) {
    const torch::NoGradGuard no_grad;
    const torch::Tensor gradient = leaf.grad().contiguous();
    if (suits_cpu_kernels(gradient))
      cpu::add(data_of<float>(sum_), data_of<Bfloat16>(gradient), gradient.numel());
    else
      sum_.add_(gradient);
    leaf.mutable_grad().reset();
  }

  IndexRange span_;
  torch::Tensor sum_;
  std::shared_ptr<const std::function<void(const AddedGradient&)>> listener_;
};

ComputeDType dtype_of(torch::ScalarType type) {
  return type == torch::kFloat32 ? ComputeDType::float32 : ComputeDType::bfloat16;
}

}  // namespace

torch::Tensor slice_of(const torch::Tensor& flat, IndexRange span) { return flat.slice(0, span.begin, span.end); }

bool is_decayed(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower.find("bias") == std::string::npos && lower.find("layernorm.weight") == std::string::npos;
}

Parameters::Parameters(std::vector<ParameterSpec> specs, Use use, ComputeDType dtype, const ModelPlace& place)
    : shards_(place.shards) {
  if (use == Use::Learn && place.zero.count() > 1) zero_ = place.zero;
  lay_out(std::move(specs), use);
  allocate(use, dtype, place.device);
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
  if (zero_.communicator) trainable_size_ = storage_size_ = Partition::padded(trainable_size_, zero_.count());
}

void Parameters::allocate(Use use, ComputeDType dtype, c10::Device device) {
  const MemoryScope scope(MemoryClass::Parameters);
  const auto options = torch::TensorOptions(device);
  const auto compute = dtype == ComputeDType::float32 ? torch::kFloat32 : torch::kBFloat16;
  const auto held = use == Use::Learn ? torch::kFloat32 : compute;
  const bool whole = !zero_.communicator || compute == held;
  if (whole) flat_ = torch::zeros({storage_size_}, options.dtype(held));
  computed_ = whole ? flat_.to(compute) : torch::zeros({storage_size_}, options.dtype(compute));
  if (trainable_size_ == 0) return;
  flat_gradient_ = counted_as(MemoryClass::Gradients,
                              [&] { return torch::zeros({trainable_size_}, options.dtype(torch::kFloat32)); });
  if (!zero_.communicator) {
    const IndexRange all{0, trainable_size_};
    own_.push_back({.span = all, .values = slice_of(flat_, all)});
    return;
  }
  const MemoryScope of_masters(MemoryClass::Optimizer);
  const Partition partition(trainable_size_, zero_.count(), zero_.bucket);
  for (int bucket = 0; bucket < partition.buckets(); ++bucket) {
    const IndexRange span = partition.piece(bucket, zero_.index());
    const auto values = whole ? slice_of(flat_, span) : torch::zeros({span.size()}, options.dtype(held));
    own_.push_back({.span = span, .values = values});
  }
}

torch::Tensor Parameters::make_leaf(const Segment& segment) const {
  torch::Tensor leaf = part_of(computed_, segment);
  if (!segment.trainable) return leaf;
  leaf.set_requires_grad(true);
  const torch::Tensor gradient = part_of(flat_gradient_, segment);
  if (leaf.scalar_type() == torch::kFloat32) leaf.mutable_grad() = gradient;
  torch::autograd::impl::set_post_acc_grad_hooks(leaf,
                                                 std::make_unique<GradientHook>(segment.span(), gradient, listener_));
  return leaf;
}

torch::Tensor Parameters::values(const Segment& segment) const {
  TORCH_CHECK(flat_.defined(), "this replica has only its own pieces of ", segment.spec.name);
  return part_of(flat_, segment);
}

void Parameters::refresh() {
  const torch::NoGradGuard no_grad;
  if (flat_.defined() && !computed_.is_same(flat_)) computed_.copy_(flat_);
  ++version_;
}

ComputeDType Parameters::dtype() const {
  return own_.empty() ? compute_dtype() : dtype_of(own_.front().values.scalar_type());
}

ComputeDType Parameters::compute_dtype() const { return dtype_of(computed_.scalar_type()); }

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
  std::size_t sum = computed_.nbytes();
  if (flat_gradient_.defined()) sum += flat_gradient_.nbytes();
  if (computed_.is_same(flat_)) return static_cast<std::int64_t>(sum);
  for (const OwnPiece& piece : own_) sum += piece.values.nbytes();
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
