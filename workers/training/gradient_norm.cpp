#include "workers/training/gradient_norm.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>

#include "workers/cpu_kernels/flat.h"
#include "workers/model/buffer.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

constexpr std::int64_t block = Partition::block;
constexpr std::int64_t blocks_at_once = 1024;  // of squares in float64: 32 MiB

std::int64_t blocks_of(std::int64_t elements) { return (elements + block - 1) / block; }

torch::Tensor squares_by_ops(const torch::Tensor& flat) {
  std::vector<torch::Tensor> squares;
  for (const auto& part : flat.split(blocks_at_once * block)) {
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
    const Span blocks{piece.span.begin / block, blocks_of(piece.span.end)};
    slice_of(squares, blocks).copy_(block_squares(slice_of(gradient, piece.span)));
  }
  // A block's square is on one replica and zero on the others, so the sum of the bits is that of one.
  if (const ZeroReplicas& zero = parameters.zero(); zero.communicator)
    zero.communicator->all_reduce(buffer_of(squares), ReduceOp::sum).wait(zero.timeout);
  const torch::Tensor in_memory = squares.cpu();
  const std::span values(in_memory.const_data_ptr<double>(), in_memory.numel());
  return std::sqrt(std::accumulate(values.begin(), values.end(), 0.0));
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
  if (const ZeroReplicas& zero = parameters.zero(); zero.communicator) {
    const auto negative = torch::full({1}, -first, torch::TensorOptions(parameters.device()).dtype(torch::kLong));
    zero.communicator->all_reduce(buffer_of(negative), ReduceOp::max).wait(zero.timeout);
    first = -negative.item<std::int64_t>();
  }
  return segments[first];
}

}  // namespace ballast
