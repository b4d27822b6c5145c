#include "algorithms/ppo_lag.h"

namespace ballast {

torch::Tensor combined_advantages(const torch::Tensor& reward_advantages_BT, const torch::Tensor& cost_advantages_BT,
                                  double lambda) {
  return (reward_advantages_BT - lambda * cost_advantages_BT) / (1.0 + lambda);
}

torch::Tensor penalized_reward(const torch::Tensor& reward_B, const torch::Tensor& cost_B, double lambda) {
  return reward_B - lambda * cost_B;
}

}  // namespace ballast
