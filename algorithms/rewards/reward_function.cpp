#include "algorithms/rewards/reward_function.h"

#include "algorithms/masked.h"

namespace ballast {

torch::Tensor at_last_response_token(const torch::Tensor& score_B, const torch::Tensor& mask_BT) {
  const auto end_B = last_masked_index(mask_BT);
  const auto placed_B = torch::where(end_B >= 0, score_B, 0).to(score_B.scalar_type());
  return torch::zeros(mask_BT.sizes(), score_B.options())
      .scatter_(1, end_B.clamp_min(0).unsqueeze(1), placed_B.unsqueeze(1));
}

}  // namespace ballast
