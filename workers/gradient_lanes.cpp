#include "workers/gradient_lanes.h"

#include <ATen/ops/empty_like.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

Buffer float_buffer(const at::Tensor& tensor) { return {tensor.data_ptr(), tensor.numel(), DType::float32}; }

}  // namespace

GradientLanes::GradientLanes(at::Tensor flat_gradient, int lanes, Communicator* replicas)
    : flat_gradient_(std::move(flat_gradient)),
      lanes_(lanes),
      replicas_(replicas ? replicas->group().size() : 1),
      communicator_(replicas) {
  if (communicator_) communicator_->keep(float_buffer(flat_gradient_));
  if (lanes_ == 1) return;
  const MemoryScope scope(MemoryClass::Gradients);
  TORCH_CHECK(std::has_single_bit(static_cast<unsigned>(lanes_)) && lanes_ % replicas_ == 0, "gradient_lanes ", lanes_,
              " must be a power of two and a multiple of the ", replicas_, " replicas");
  for (int i = 0; i < lanes_ / replicas_; ++i) own_lanes_.push_back({.sum = at::empty_like(flat_gradient_)});
  if (replicas_ == 1) return;
  received_ = at::empty_like(flat_gradient_);
  communicator_->keep(float_buffer(received_));
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

void GradientLanes::join(Lane& left, const Lane& right) {
  if (right.empty) return;
  if (left.empty)
    left.sum.copy_(right.sum);
  else
    left.sum.add_(right.sum);
  left.empty = false;
}

void GradientLanes::reduce(std::chrono::milliseconds timeout) {
  if (lanes_ == 1) {
    if (!std::exchange(pending_, std::nullopt)) flat_gradient_.zero_();
    if (communicator_) communicator_->all_reduce(float_buffer(flat_gradient_), ReduceOp::sum).wait(timeout);
    return;
  }
  const bool alone = pending_ && std::ranges::all_of(own_lanes_, &Lane::empty);
  if (alone) {
    pending_.reset();  // the flat gradient is the sum
  } else {
    put_away();
    for (std::size_t half = own_lanes_.size() / 2; half > 0; half /= 2)
      for (std::size_t lane = 0; lane < half; ++lane) join(own_lanes_[lane], own_lanes_[lane + half]);
    if (own_lanes_.front().empty)
      flat_gradient_.zero_();
    else
      flat_gradient_.copy_(own_lanes_.front().sum);
  }
  for (Lane& lane : own_lanes_) lane.empty = true;
  if (communicator_) reduce_across(timeout);
}

// Recursive doubling continues the same tree: after each exchange both partners hold the same sum, since a + b == b +
// a.
void GradientLanes::reduce_across(std::chrono::milliseconds timeout) {
  for (int half = replicas_ / 2; half > 0; half /= 2) {
    const int partner = communicator_->group().index ^ half;
    communicator_->exchange({{partner, float_buffer(flat_gradient_)}}, {{partner, float_buffer(received_)}})
        .wait(timeout);
    flat_gradient_.add_(received_);
  }
}

}  // namespace ballast
