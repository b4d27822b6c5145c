#include "workers/training/optimizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

constexpr double norm_epsilon = 1e-6;  // as torch.nn.utils.clip_grad_norm_

}  // namespace

AdamW::AdamW(Parameters& parameters, const OptimizerConfig& config, std::int64_t total_steps)
    : parameters_(parameters),
      config_(config),
      schedule_{.schedule = config.schedule,
                .warmup_steps = static_cast<std::int64_t>(config.warmup_ratio * static_cast<double>(total_steps)),
                .total_steps = total_steps} {
  const MemoryScope scope(MemoryClass::Optimizer);
  for (const OwnPiece& piece : parameters.own())
    moments_.push_back({.first = torch::zeros_like(piece.values), .second = torch::zeros_like(piece.values)});
}

double AdamW::learning_rate() const { return config_.learning_rate * learning_rate_factor(schedule_, steps_); }

double AdamW::step() {
  const torch::NoGradGuard no_grad;
  const double norm = global_norm(parameters_);
  if (!std::isfinite(norm))
    throw NonFiniteGradient(
        fmt::format("the gradient of {} is not finite at step {}", not_finite(parameters_).spec.name, steps_));
  const double rate = learning_rate();
  ++steps_;
  const auto scalar = [&](double value) { return torch::full({}, value, parameters_.flat_gradient().options()); };
  const Step step{.rate = rate,
                  .count = scalar(static_cast<double>(steps_)),
                  .gradient_divisor = scalar(std::max(1.0, (norm + norm_epsilon) / config_.max_grad_norm))};
  std::vector<Work> shared;  // the others hear of one piece while the next is computed
  for (std::size_t piece = 0; piece < moments_.size(); ++piece) {
    update(piece, step);
    if (parameters_.zero().communicator) shared.push_back(parameters_.share(piece));
  }
  for (Work& work : shared) work.wait(parameters_.zero().timeout);
  parameters_.refresh();
  return norm;
}

// One kernel over what decays and one over what does not: clip, moments, decay and step in one pass over memory.
void AdamW::update(std::size_t piece, const Step& step) {
  const auto& [span, values] = parameters_.own()[piece];
  const IndexRange decayed{0, parameters_.decayed_size()}, others{decayed.end, parameters_.trainable_size()};
  for (const auto& [range, weight_decay] : {std::pair(decayed, config_.weight_decay), std::pair(others, 0.0)}) {
    const IndexRange part = overlap(span, range);
    if (part.empty()) continue;
    const auto of_piece = [&](const torch::Tensor& flat) {
      return std::vector<torch::Tensor>{slice_of(flat, {part.begin - span.begin, part.end - span.begin})};
    };
    at::_fused_adamw_(of_piece(values), {slice_of(parameters_.flat_gradient(), part)}, of_piece(moments_[piece].first),
                      of_piece(moments_[piece].second), {}, {step.count}, step.rate, config_.beta1, config_.beta2,
                      weight_decay, config_.epsilon, /*amsgrad=*/false,
                      /*maximize=*/false, step.gradient_divisor);
  }
}

std::int64_t AdamW::bytes() const {
  std::size_t sum = 0;
  for (const auto& [first, second] : moments_) sum += first.nbytes() + second.nbytes();
  return static_cast<std::int64_t>(sum);
}

}  // namespace ballast
