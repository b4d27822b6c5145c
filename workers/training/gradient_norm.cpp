#include "workers/training/gradient_norm.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "workers/cpu_kernels/flat.h"
#include "workers/model/cpu_kernel.h"
#include "workers/model/tensor_buffer.h"

namespace ballast {
namespace {

constexpr std::int64_t block = Partition::block;
constexpr std::int64_t elements_at_once = 1024 * block;  // whose squares are 32 MiB of float64

std::int64_t blocks_of(std::int64_t elements) { return (elements + block - 1) / block; }

torch::Tensor squares_by_ops(const torch::Tensor& flat) {
  std::vector<torch::Tensor> squares;
  for (const auto& part : flat.split(elements_at_once)) {
    const auto missing = blocks_of(part.numel()) * block - part.numel();
    squares.push_back(torch::constant_pad_nd(part, {0, missing}).to(torch::kDouble).square().view({-1, block}).sum(1));
  }
  return torch::cat(squares);
}

double square_of_block(const float* x, std::int64_t count) {
  if (count == block) return cpu::sum_of_squares(x, block);
  std::array<float, block> filled_up{};
  std::copy_n(x, count, filled_up.begin());
  return cpu::sum_of_squares(filled_up.data(), block);
}

double sum_in_order(const torch::Tensor& terms) {
  const torch::Tensor in_memory = terms.cpu();  // a device is waited for once
  const std::span values(in_memory.const_data_ptr<double>(), in_memory.numel());
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// The gradient of these elements without what another shard counts: a copy only where there is any.
torch::Tensor counted_here(const Parameters& parameters, IndexRange span) {
  torch::Tensor counted = slice_of(parameters.flat_gradient(), span);
  bool copied = false;
  for (const Segment& segment : parameters.segments()) {
    const IndexRange part = overlap(segment.span(), span);
    if (part.empty() || segment.spec.slice.is_first_copy()) continue;
    if (!std::exchange(copied, true)) counted = counted.clone();
    slice_of(counted, {part.begin - span.begin, part.end - span.begin}).zero_();
  }
  return counted;
}

// [shards]: the number [1] that each of them has.
torch::Tensor of_shards(const Shards& shards, const torch::Tensor& own) {
  const torch::Tensor all = torch::empty({shards.count()}, own.options());
  shards.communicator->all_gather(buffer_of(own), buffer_of(all)).wait(shards.timeout);
  return all;
}

}  // namespace

torch::Tensor block_squares(const torch::Tensor& flat) {
  if (!suits_cpu_kernels(flat)) return squares_by_ops(flat);
  const torch::Tensor squares = torch::empty({blocks_of(flat.numel())}, torch::kDouble);
  const float* x = flat.const_data_ptr<float>();
  auto* to = squares.mutable_data_ptr<double>();
  at::parallel_for(0, squares.numel(), 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      to[i] = square_of_block(x + i * block, std::min(block, flat.numel() - i * block));
  });
  return squares;
}

double global_norm(const Parameters& parameters) {
  const torch::Tensor& gradient = parameters.flat_gradient();
  const torch::Tensor squares = torch::zeros({blocks_of(gradient.numel())}, gradient.options().dtype(torch::kDouble));
  for (const OwnPiece& piece : parameters.own()) {
    for (std::int64_t begin = piece.span.begin; begin < piece.span.end; begin += elements_at_once) {
      const IndexRange part = overlap(piece.span, {begin, begin + elements_at_once});
      slice_of(squares, {begin / block, blocks_of(part.end)}).copy_(block_squares(counted_here(parameters, part)));
    }
  }
  // A block's square is on one replica and zero on the others, so the sum of the bits is that of one.
  if (const ZeroReplicas& zero = parameters.zero(); zero.communicator)
    zero.communicator->all_reduce(buffer_of(squares), ReduceOp::sum).wait(zero.timeout);
  const double sum = sum_in_order(squares);
  const Shards& shards = parameters.shards();
  if (!shards.communicator) return std::sqrt(sum);
  return std::sqrt(sum_in_order(of_shards(shards, torch::full({1}, sum, squares.options()))));
}

const Segment& not_finite(const Parameters& parameters) {
  const auto& segments = parameters.segments();
  std::int64_t first = static_cast<std::int64_t>(segments.size()) - 1;
  for (const OwnPiece& piece : parameters.own()) {
    const auto bad = slice_of(parameters.flat_gradient(), piece.span).isfinite().logical_not().nonzero();
    if (bad.numel() == 0) continue;
    first = &parameters.segment_at(piece.span.begin + bad[0].item<std::int64_t>()) - segments.data();
    break;
  }
  const auto negative = torch::full({1}, -first, torch::TensorOptions(parameters.device()).dtype(torch::kLong));
  const auto agree = [&](const auto& ranks) {
    if (ranks.communicator) ranks.communicator->all_reduce(buffer_of(negative), ReduceOp::max).wait(ranks.timeout);
  };
  agree(parameters.zero());
  agree(parameters.shards());
  return segments[-negative.item<std::int64_t>()];
}

}  // namespace ballast
