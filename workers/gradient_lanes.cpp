#include "workers/gradient_lanes.h"

#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>

#include <bit>
#include <utility>

#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

// left += right, where an undefined tensor is zero; the sum may take the place of either.
void join(at::Tensor& left, const at::Tensor& right) {
  if (!right.defined()) return;
  if (left.defined())
    left.add_(right);
  else
    left = right;
}

}  // namespace

GradientLanes::GradientLanes(at::Tensor flat_gradient, int lanes, int replicas)
    : flat_gradient_(std::move(flat_gradient)), lanes_(lanes), replicas_(replicas) {
  if (lanes_ == 1) return;
  const MemoryScope scope(MemoryClass::Gradients);
  TORCH_CHECK(std::has_single_bit(static_cast<unsigned>(lanes_)) && lanes_ % replicas_ == 0, "gradient_lanes ", lanes_,
              " must be a power of two and a multiple of the ", replicas_, " replicas");
  for (int i = 0; i < lanes_ / replicas_; ++i) own_lanes_.push_back({.sum = at::empty_like(flat_gradient_)});
}

void GradientLanes::begin(int micro_batch) {
  if (lanes_ == 1) {
    if (!std::exchange(pending_, 0)) flat_gradient_.zero_();
    return;
  }
  put_away();
  flat_gradient_.zero_();
  pending_ = micro_batch % lanes_ / replicas_;
}

void GradientLanes::put_away() {
  if (!pending_) return;
  Lane& lane = own_lanes_.at(*pending_);
  if (lane.empty)
    lane.sum.copy_(flat_gradient_);
  else
    lane.sum.add_(flat_gradient_);
  lane.empty = false;
  pending_.reset();
}

void GradientLanes::sum(IndexRange elements) {
  const at::Tensor here = flat_gradient_.slice(0, elements.begin, elements.end);
  if (lanes_ == 1) {
    if (!pending_) here.zero_();
    return;
  }
  const at::Tensor total = sum_of_lanes(elements);
  if (!total.defined())
    here.zero_();
  else if (total.data_ptr() != here.data_ptr())
    here.copy_(total);
}

// Undefined: nothing has been added. Uses the lanes' memory up.
at::Tensor GradientLanes::sum_of_lanes(IndexRange elements) {
  std::vector<at::Tensor> sums(own_lanes_.size());
  for (std::size_t lane = 0; lane < sums.size(); ++lane) {
    if (!own_lanes_[lane].empty) sums[lane] = own_lanes_[lane].sum.slice(0, elements.begin, elements.end);
    if (lane == pending_) join(sums[lane], flat_gradient_.slice(0, elements.begin, elements.end));
  }
  for (std::size_t half = sums.size() / 2; half > 0; half /= 2)
    for (std::size_t lane = 0; lane < half; ++lane) join(sums[lane], sums[lane + half]);
  return sums.front();
}

void GradientLanes::end() {
  for (Lane& lane : own_lanes_) lane.empty = true;
  pending_.reset();
}

}  // namespace ballast
