#include "workers/gradient_sum.h"

#include <ATen/ops/add.h>
#include <ATen/ops/empty.h>

#include <utility>

#include "workers/memory/memory_count.h"
#include "workers/model/tensor_buffer.h"

namespace ballast {

GradientSum::GradientSum(Parameters& parameters, const Replicas& replicas)
    : parameters_(parameters),
      replicas_(replicas),
      partition_(parameters.trainable_size(), replicas.count(), replicas.bucket),
      lanes_(parameters.flat_gradient(), replicas.lanes, replicas.count()),
      queue_(partition_, parameters.decayed_size()) {
  if (!replicas_.communicator) return;
  replicas_.communicator->keep(buffer_of(parameters.flat_gradient()));
  if (!replicas_.overlap) return;
  parameters_.listen([this](const AddedGradient& added) {
    queue_.arrived(added.leaf, added.span);
    while (const auto bucket = queue_.take_complete()) hand_over(*bucket);
  });
}

GradientSum::~GradientSum() { parameters_.listen({}); }

void GradientSum::begin(int micro_batch, bool last) {
  lanes_.begin(micro_batch);
  queue_.begin(last);
}

void GradientSum::finish() {
  while (const auto bucket = queue_.take()) hand_over(*bucket);
  while (!moving_.empty()) settle();
  for (Work& work : gathering_) work.wait(replicas_.timeout);
  gathering_.clear();
  lanes_.end();
  queue_.end();
}

// What is waited for, and when, follows from the order of buckets alone: all replicas make the same calls in the same
// order, whatever their pace.
void GradientSum::hand_over(int bucket) {
  const at::NoGradGuard no_grad;
  lanes_.sum(partition_.bucket(bucket));
  if (!replicas_.communicator) return;
  if (moving_.size() == most_moving) settle();
  at::Tensor received;
  Work work = replicas_.lanes > 1 ? send_pieces(bucket, received) : reduce(bucket);
  moving_.push_back({.bucket = bucket, .work = std::move(work), .received = std::move(received)});
}

Work GradientSum::send_pieces(int bucket, at::Tensor& received) {
  const int me = replicas_.index(), count = replicas_.count();
  const at::Tensor own = piece(bucket, me);
  if (free_.empty()) {
    const std::int64_t largest = partition_.piece(0, 0).size();
    free_.push_back(counted_as(MemoryClass::Gradients, [&] { return at::empty({count, largest}, own.options()); }));
    replicas_.communicator->keep(buffer_of(free_.back()));
  }
  received = std::move(free_.back());
  free_.pop_back();
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (int peer = 0; peer < count; ++peer) {
    const at::Tensor theirs = piece(bucket, peer);
    if (peer == me) continue;
    if (theirs.numel() > 0) sends.push_back({peer, buffer_of(theirs)});
    if (own.numel() > 0) receives.push_back({peer, buffer_of(received[peer].narrow(0, 0, own.numel()))});
  }
  return replicas_.communicator->exchange(std::move(sends), std::move(receives));
}

Work GradientSum::reduce(int bucket) {
  const Buffer whole = buffer_of(slice_of(parameters_.flat_gradient(), partition_.bucket(bucket)));
  if (!replicas_.zero) return replicas_.communicator->all_reduce(whole, ReduceOp::sum);
  return replicas_.communicator->reduce_scatter(whole, buffer_of(piece(bucket, replicas_.index())), ReduceOp::sum);
}

void GradientSum::settle() {
  const at::NoGradGuard no_grad;
  Moving first = std::move(moving_.front());
  moving_.pop_front();
  first.work.wait(replicas_.timeout);
  if (!first.received.defined()) return;
  add_received(first.received, piece(first.bucket, replicas_.index()));
  free_.push_back(std::move(first.received));
  if (!replicas_.zero) gathering_.push_back(gather(first.bucket));
}

// Goes on with the lanes' tree: r with r + replicas/2, and so on.
void GradientSum::add_received(const at::Tensor& received, at::Tensor own) {
  std::vector<at::Tensor> sums;
  for (int replica = 0; replica < replicas_.count(); ++replica)
    sums.push_back(replica == replicas_.index() ? own : received[replica].narrow(0, 0, own.numel()));
  for (std::size_t half = sums.size() / 2; half > 1; half /= 2)
    for (std::size_t replica = 0; replica < half; ++replica) sums[replica].add_(sums[replica + half]);
  at::add_out(own, sums[0], sums[1]);
}

Work GradientSum::gather(int bucket) {
  const at::Tensor own = piece(bucket, replicas_.index());
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (int peer = 0; peer < replicas_.count(); ++peer) {
    const at::Tensor theirs = piece(bucket, peer);
    if (peer == replicas_.index()) continue;
    if (own.numel() > 0) sends.push_back({peer, buffer_of(own)});
    if (theirs.numel() > 0) receives.push_back({peer, buffer_of(theirs)});
  }
  return replicas_.communicator->exchange(std::move(sends), std::move(receives));
}

at::Tensor GradientSum::piece(int bucket, int replica) const {
  return slice_of(parameters_.flat_gradient(), partition_.piece(bucket, replica));
}

}  // namespace ballast
