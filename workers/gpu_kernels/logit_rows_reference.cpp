#include <algorithm>
#include <cmath>

#include "workers/gpu_kernels/elements.h"
#include "workers/gpu_kernels/logit_rows.h"

namespace ballast::gpu {
namespace {

double normaliser_of(const Elements& logits_MV, std::int64_t begin, std::int64_t vocab) {
  float highest = logits_MV.get(begin);
  for (std::int64_t i = begin; i < begin + vocab; ++i) highest = std::max(highest, logits_MV.get(i));
  double sum = 0.0;
  for (std::int64_t i = begin; i < begin + vocab; ++i) sum += std::exp(static_cast<double>(logits_MV.get(i)) - highest);
  return highest + std::log(sum);
}

}  // namespace

void gather_log_probs_reference(const GatherLogProbs& gather, Stream /*stream*/) {
  const auto& rows = gather.logits;
  const Elements logits_MV(rows.logits_MV, rows.dtype);
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const double normaliser = normaliser_of(logits_MV, row * rows.vocab, rows.vocab);
    gather.normalisers_M[row] = static_cast<float>(normaliser);
    gather.log_probs_M[row] = static_cast<float>(logits_MV.get(row * rows.vocab + rows.ids_M[row]) - normaliser);
  }
}

void logit_gradients_reference(const LogitGradients& gradients, Stream /*stream*/) {
  const auto& rows = gradients.logits;
  const Elements logits_MV(rows.logits_MV, rows.dtype);
  for (std::int64_t row = 0; row < rows.rows; ++row)
    for (std::int64_t id = 0; id < rows.vocab; ++id) {
      const std::int64_t i = row * rows.vocab + id;
      const float probability = std::exp(logits_MV.get(i) - gradients.normalisers_M[row]);
      const float onehot = id == rows.ids_M[row] ? 1.0F : 0.0F;
      logits_MV.set(i, (onehot - probability) * gradients.gradients_M[row]);
    }
}

}  // namespace ballast::gpu
