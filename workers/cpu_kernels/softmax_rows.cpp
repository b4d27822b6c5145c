#include "workers/cpu_kernels/softmax_rows.h"

#include <cmath>
#include <limits>

namespace ballast::cpu {
namespace {

constexpr float lowest = -std::numeric_limits<float>::infinity();

template <typename Element>
BALLAST_INLINE float log_sum_exp(const Element* logits_V, std::int64_t vocab) {
  Lanes highest = Lanes{} + lowest;
  for (std::int64_t i = 0; i < vocab; i += lane_count) {
    Lanes lanes;
    load_some(lanes, logits_V + i, vocab - i, lowest);
    highest = lanes > highest ? lanes : highest;
  }
  const float above_all = max_of(highest);
  Lanes sums = {};
  for (std::int64_t i = 0; i < vocab; i += lane_count) {
    Lanes lanes;
    load_some(lanes, logits_V + i, vocab - i, lowest);
    lanes -= above_all;
    exponentiate(lanes);
    sums += lanes;
  }
  return above_all + std::log(sum_of(sums));
}

template <typename Element>
BALLAST_INLINE void log_probs_of(const LogitRows<Element>& rows, float* log_probs_M, float* normalisers_M) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    const Element* logits_V = rows.logits_MV + row * rows.vocab;
    normalisers_M[row] = log_sum_exp(logits_V, rows.vocab);
    log_probs_M[row] = widened(logits_V[rows.ids_M[row]]) - normalisers_M[row];
  }
}

template <typename Element>
BALLAST_INLINE void gradients_of(const LogitRows<Element>& rows, const float* normalisers_M, const float* gradients_M) {
  for (std::int64_t row = 0; row < rows.rows; ++row) {
    Element* logits_V = rows.logits_MV + row * rows.vocab;
    const float gradient = gradients_M[row];
    const std::int64_t id = rows.ids_M[row];
    const std::int64_t own = id < 0 ? id : id / lane_count * lane_count;  // the lanes that hold the token
    for (std::int64_t i = 0; i < rows.vocab; i += lane_count) {
      Lanes lanes;
      load_some(lanes, logits_V + i, rows.vocab - i, lowest);
      lanes -= normalisers_M[row];
      exponentiate(lanes);
      lanes *= -gradient;
      if (i == own) lanes[id - own] += gradient;
      store_some(logits_V + i, lanes, rows.vocab - i);
    }
  }
}

}  // namespace

BALLAST_KERNEL void token_log_probs(const LogitRows<float>& rows, float* log_probs_M, float* normalisers_M) {
  log_probs_of(rows, log_probs_M, normalisers_M);
}

BALLAST_KERNEL void token_log_probs(const LogitRows<Bfloat16>& rows, float* log_probs_M, float* normalisers_M) {
  log_probs_of(rows, log_probs_M, normalisers_M);
}

BALLAST_KERNEL void logit_gradients(const LogitRows<float>& rows, const float* normalisers_M,
                                    const float* gradients_M) {
  gradients_of(rows, normalisers_M, gradients_M);
}

BALLAST_KERNEL void logit_gradients(const LogitRows<Bfloat16>& rows, const float* normalisers_M,
                                    const float* gradients_M) {
  gradients_of(rows, normalisers_M, gradients_M);
}

}  // namespace ballast::cpu
