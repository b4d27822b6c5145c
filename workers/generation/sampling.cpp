#include "workers/generation/sampling.h"

#include <ATen/core/PhiloxRNGEngine.h>
#include <ATen/ops/softmax.h>

namespace ballast {

double uniform(const DrawKey& key) {
  const auto offset = (static_cast<std::uint64_t>(key.iteration) << 32U) + static_cast<std::uint64_t>(key.position);
  at::Philox4_32 engine(static_cast<std::uint64_t>(key.seed), static_cast<std::uint64_t>(key.row_id), offset);
  const std::uint64_t high = engine();
  const std::uint64_t low = engine();
  return static_cast<double>(((high << 32U) | low) >> 11U) * 0x1.0p-53;
}

std::int64_t token_at(const at::Tensor& logits_V, double draw) {
  const auto probabilities_V = at::softmax(logits_V, -1, at::kDouble).contiguous();
  const auto* p = probabilities_V.const_data_ptr<double>();
  std::int64_t last_possible = 0;  // rounding may leave the sum just below a draw close to 1
  double cumulative = 0.0;
  for (std::int64_t token = 0; token < probabilities_V.numel(); ++token) {
    cumulative += p[token];
    if (cumulative > draw) return token;
    if (p[token] > 0.0) last_possible = token;
  }
  return last_possible;
}

}  // namespace ballast
