#include "algorithms/lagrange.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>

namespace ballast {

LagrangeMultiplier::LagrangeMultiplier(const LagrangeConfig& config)
    : config_(config), log_lambda_(std::log(config.init)) {
  if (!(config.init >= 0.0)) {
    throw std::invalid_argument(fmt::format("lambda must start at 0 or above, not at {}", config.init));
  }
}

// Gradient ascent in log space (Safe RLHF, eq. 31): ln l' = ln l + lr * l * (J_C - d). Plain step, not Adam.
void LagrangeMultiplier::update(double mean_cost) {
  if (!std::isfinite(mean_cost)) {
    throw std::domain_error(fmt::format("the mean episode cost is {}, so lambda has no next value", mean_cost));
  }
  if (updates_++ < config_.delay_steps) {
    return;
  }
  log_lambda_ += config_.learning_rate * value() * (mean_cost - config_.cost_limit);
  if (config_.max) {
    log_lambda_ = std::min(log_lambda_, std::log(*config_.max));
  }
}

double LagrangeMultiplier::value() const { return std::exp(log_lambda_); }

CostWindow::CostWindow(std::int64_t size) : size_(static_cast<std::size_t>(size)) {
  if (size < 1) {
    throw std::invalid_argument(fmt::format("a cost window holds at least one sample, not {}", size));
  }
}

void CostWindow::append(std::span<const double> costs) {
  costs_.insert(costs_.end(), costs.begin(), costs.end());
  if (costs_.size() > size_) {
    costs_.erase(costs_.begin(), costs_.end() - static_cast<std::ptrdiff_t>(size_));
  }
}

double CostWindow::mean() const {
  if (costs_.empty()) {
    throw std::logic_error("the mean episode cost was asked for before any cost came in");
  }
  return std::accumulate(costs_.begin(), costs_.end(), 0.0) / static_cast<double>(costs_.size());
}

}  // namespace ballast
