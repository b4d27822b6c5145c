#include "workers/training/optimizer.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "workers/cpu_kernels/flat.h"
#include "workers/memory/memory_count.h"
#include "workers/model/cpu_kernel.h"

namespace ballast {
namespace {

constexpr std::int64_t norm_block = 1 << 20;
constexpr double norm_epsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

torch::Tensor moment_of(const torch::Tensor& gradient) {
  return counted_as(MemoryClass::Optimizer, [&] { return torch::zeros_like(gradient); });
}

double norm_by_ops(const std::vector<torch::Tensor>& blocks) {
  std::vector<torch::Tensor> squares;  // by block
  for (const auto& block : blocks) squares.push_back(block.to(torch::kDouble).square().sum());
  const torch::Tensor in_memory = torch::stack(squares).cpu();  // a device is waited for once
  const std::span values(in_memory.const_data_ptr<double>(), squares.size());
  return std::sqrt(std::accumulate(values.begin(), values.end(), 0.0));
}

}  // namespace

double global_norm(const torch::Tensor& flat) {
  const auto blocks = flat.split(norm_block);
  if (!suits_cpu_kernels(flat)) return norm_by_ops(blocks);
  std::vector<double> squares(blocks.size());
  at::parallel_for(0, static_cast<std::int64_t>(blocks.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      squares[i] = cpu::sum_of_squares(blocks[i].const_data_ptr<float>(), blocks[i].numel());
  });
  return std::sqrt(std::accumulate(squares.begin(), squares.end(), 0.0));
}

AdamW::AdamW(Parameters& parameters, const OptimizerConfig& config, std::int64_t total_steps)
    : parameters_(parameters),
      config_(config),
      schedule_{.schedule = config.schedule,
                .warmup_steps = static_cast<std::int64_t>(config.warmup_ratio * static_cast<double>(total_steps)),
                .total_steps = total_steps},
      first_moment_(moment_of(parameters.flat_gradient())),
      second_moment_(moment_of(parameters.flat_gradient())) {}

double AdamW::learning_rate() const { return config_.learning_rate * learning_rate_factor(schedule_, steps_); }

double AdamW::step() {
  const torch::NoGradGuard no_grad;
  const double norm = global_norm(parameters_.flat_gradient());
  require_finite(norm);
  const double rate = learning_rate();
  ++steps_;
  const double divisor = std::max(1.0, (norm + norm_epsilon) / config_.max_grad_norm);
  const auto gradient_divisor = torch::full({}, divisor, parameters_.flat_gradient().options());
  update({.begin = 0, .end = parameters_.decayed_size(), .weight_decay = config_.weight_decay}, rate, gradient_divisor);
  update({.begin = parameters_.decayed_size(), .end = parameters_.trainable_size(), .weight_decay = 0.0}, rate,
         gradient_divisor);
  parameters_.refresh();
  return norm;
}

// One kernel over the range: clip, moments, decay and step in one pass over memory.
void AdamW::update(const Range& range, double rate, const torch::Tensor& gradient_divisor) {
  if (range.begin == range.end) return;
  const auto part = [&](const torch::Tensor& flat) {
    return std::vector<torch::Tensor>{flat.slice(0, range.begin, range.end)};
  };
  at::_fused_adamw_(part(parameters_.flat()), part(parameters_.flat_gradient()), part(first_moment_),
                    part(second_moment_), {}, {torch::full({}, static_cast<double>(steps_), first_moment_.options())},
                    rate, config_.beta1, config_.beta2, range.weight_decay, config_.epsilon, /*amsgrad=*/false,
                    /*maximize=*/false, gradient_divisor);
}

void AdamW::require_finite(double norm) const {
  if (std::isfinite(norm)) return;
  const auto bad = parameters_.flat_gradient().isfinite().logical_not().nonzero();
  const auto& segment = parameters_.segment_at(bad.numel() > 0 ? bad[0].item<std::int64_t>() : 0);
  throw NonFiniteGradient(fmt::format("the gradient of {} is not finite at step {}", segment.spec.name, steps_));
}

}  // namespace ballast
