// The Lagrange multiplier of the cost constraint J_C <= d, and the mean episode cost that moves it.
#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace ballast {

/// How often the training loop calls LagrangeMultiplier::update.
enum class LambdaUpdateEvery : std::uint8_t { Step, Iteration };

inline constexpr std::array<std::pair<LambdaUpdateEvery, std::string_view>, 2> lambda_update_every_names{{
    {LambdaUpdateEvery::Step, "step"},
    {LambdaUpdateEvery::Iteration, "iteration"},
}};
constexpr const auto& enum_names(LambdaUpdateEvery) { return lambda_update_every_names; }

struct LagrangeConfig {
  double init = 1.0;
  std::optional<double> max = 5.0;
  double learning_rate = 0.1;
  double cost_limit = 0.0;
  std::int64_t delay_steps = 0;
  std::int64_t window = 128;
  LambdaUpdateEvery update_every = LambdaUpdateEvery::Step;

  template <typename Fields>
  void describe(Fields& field) {
    field("init", init, "lambda at the start; from 0 it never moves").at_least(0.0);
    field("max", max, "upper bound of lambda; null: none, then lambda can overflow and stop the run").above(0.0);
    field("learning_rate", learning_rate, "step size in log space").at_least(0.0);
    field("cost_limit", cost_limit, "d: the mean episode cost must not exceed it");
    field("delay_steps", delay_steps, "the first updates that leave lambda as it is").at_least(0);
    field("window", window, "samples whose costs make the mean episode cost").at_least(1);
    field("update_every", update_every, "step (as the reference implementation) or iteration (as the paper)");
  }
};

/// lambda >= 0, kept as its logarithm in float64. `update` is the one place that moves it; 0 stays 0, since the update
/// multiplies.
class LagrangeMultiplier {
 public:
  /// Throws std::invalid_argument unless init >= 0.
  explicit LagrangeMultiplier(const LagrangeConfig& config);

  /// One step for the mean episode cost J_C; the first `delay_steps` calls change nothing.
  /// Throws std::domain_error if mean_cost is not finite.
  void update(double mean_cost);

  double value() const;
  double log_value() const { return log_lambda_; }

 private:
  LagrangeConfig config_;
  double log_lambda_;
  std::int64_t updates_ = 0;
};

/// Raw costs (no KL, no normalisation by lambda) of the last `size` samples of the run, in prompt order.
class CostWindow {
 public:
  explicit CostWindow(std::int64_t size);

  void append(std::span<const double> costs);

  /// Mean episode cost, summed in float64 from the oldest sample to the newest. Throws std::logic_error if empty.
  double mean() const;

 private:
  std::size_t size_;
  std::deque<double> costs_;
};

}  // namespace ballast
