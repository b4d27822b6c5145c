#include "algorithms/importance.h"

namespace ballast {

torch::Tensor importance_weights(const ImportanceInputs& inputs, double max_weight) {
  return torch::exp(inputs.proximal_log_probs_BT - inputs.behaviour_log_probs_BT).clamp_max(max_weight).detach();
}

}  // namespace ballast
