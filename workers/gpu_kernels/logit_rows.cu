#include <limits>

#include "workers/gpu_kernels/device.cuh"
#include "workers/gpu_kernels/logit_rows.h"

namespace ballast::gpu {
namespace {

using namespace device;

constexpr std::int64_t threads = 512;
constexpr float impossible = -std::numeric_limits<float>::infinity();

// sum exp(x) = total * exp(highest).
struct ScaledSum {
  float highest;
  float total;
};

__device__ inline ScaledSum joined(const ScaledSum& a, const ScaledSum& b) {
  const float highest = fmaxf(a.highest, b.highest);
  if (highest == impossible) return a;
  return {highest, a.total * expf(a.highest - highest) + b.total * expf(b.highest - highest)};
}

// One pass over a thread's share of the row.
template <typename T, int W>
__device__ ScaledSum scaled_sum_of(const T* logits_V, std::int64_t vocab) {
  ScaledSum sum{impossible, 0.0F};
  for (std::int64_t id = static_cast<std::int64_t>(threadIdx.x) * W; id < vocab; id += threads * W) {
    const Pack<T, W> logits = load<W>(logits_V + id);
    float highest = sum.highest;
    for (int i = 0; i < W; ++i) highest = fmaxf(highest, as_float(logits.elements[i]));
    if (highest == impossible) continue;
    sum.total *= expf(sum.highest - highest);
    sum.highest = highest;
    for (int i = 0; i < W; ++i) sum.total += expf(as_float(logits.elements[i]) - highest);
  }
  return sum;
}

template <typename T, int W>
__global__ void gather_log_probs_kernel(GatherLogProbs gather) {
  const std::int64_t row = blockIdx.x;
  const T* logits_V = static_cast<const T*>(gather.logits.logits_MV) + row * gather.logits.vocab;
  const ScaledSum own = scaled_sum_of<T, W>(logits_V, gather.logits.vocab);
  const float highest = block_reduce(own.highest, impossible, Highest{});
  const ScaledSum rescaled = joined(own, {highest, 0.0F});
  const float total = block_reduce(rescaled.total, 0.0F, Sum{});
  if (threadIdx.x != 0) return;
  gather.normalisers_M[row] = highest + logf(total);
  // In this order: next to a normaliser far from zero the digits of log(total) would be lost.
  gather.log_probs_M[row] = (as_float(logits_V[gather.logits.ids_M[row]]) - highest) - logf(total);
}

template <typename T, int W>
__global__ void logit_gradients_kernel(LogitGradients gradients) {
  const std::int64_t row = blockIdx.x;
  T* logits_V = static_cast<T*>(gradients.logits.logits_MV) + row * gradients.logits.vocab;
  const std::int64_t target = gradients.logits.ids_M[row];
  const float normaliser = gradients.normalisers_M[row];
  const float gradient = gradients.gradients_M[row];
  for (std::int64_t id = static_cast<std::int64_t>(threadIdx.x) * W; id < gradients.logits.vocab; id += threads * W) {
    Pack<T, W> logits = load<W>(logits_V + id);
    for (int i = 0; i < W; ++i) {
      const float onehot = id + i == target ? 1.0F : 0.0F;
      logits.elements[i] = rounded<T>((onehot - expf(as_float(logits.elements[i]) - normaliser)) * gradient);
    }
    store<W>(logits_V + id, logits);
  }
}

template <typename T>
bool wide(const LogitRows& rows) {
  return in_whole_packs(rows.vocab, sizeof(T), {rows.logits_MV});
}

}  // namespace

void gather_log_probs(const GatherLogProbs& gather, Stream stream) {
  with_element(gather.logits.dtype, [&](auto element) {
    using T = decltype(element);
    launch({.grid = grid_of(gather.logits.rows), .threads = threads, .stream = stream},
           wide<T>(gather.logits) ? gather_log_probs_kernel<T, pack_size<T>> : gather_log_probs_kernel<T, 1>, gather);
  });
}

void logit_gradients(const LogitGradients& gradients, Stream stream) {
  with_element(gradients.logits.dtype, [&](auto element) {
    using T = decltype(element);
    launch({.grid = grid_of(gradients.logits.rows), .threads = threads, .stream = stream},
           wide<T>(gradients.logits) ? logit_gradients_kernel<T, pack_size<T>> : logit_gradients_kernel<T, 1>,
           gradients);
  });
}

}  // namespace ballast::gpu
