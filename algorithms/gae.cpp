#include "algorithms/gae.h"

namespace ballast {

AdvantagesAndReturns gae(const GaeInputs& inputs, const GaeConfig& config) {
  const torch::NoGradGuard no_grad;
  const auto values_BT = inputs.values_BT * inputs.mask_BT;
  const auto rewards_BT = inputs.rewards_BT * inputs.mask_BT;
  const auto T = values_BT.size(1);

  auto advantages_BT = torch::empty_like(values_BT);
  auto next_value_B = torch::zeros_like(values_BT.select(1, 0));
  auto advantage_B = next_value_B;
  for (auto t = T - 1; t >= 0; --t) {
    const auto value_B = values_BT.select(1, t);
    const auto delta_B = rewards_BT.select(1, t) + config.gamma * next_value_B - value_B;
    advantage_B = delta_B + config.gamma * config.gae_lambda * advantage_B;
    advantages_BT.select(1, t).copy_(advantage_B);
    next_value_B = value_B;
  }
  return {.advantages_BT = advantages_BT, .returns_BT = advantages_BT + values_BT};
}

}  // namespace ballast
