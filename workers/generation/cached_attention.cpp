#include "workers/generation/cached_attention.h"

#include <algorithm>
#include <limits>

#include "workers/cpu_kernels/lanes.h"

namespace ballast {
namespace {

// Scores of 16 positions; -inf outside [first, end), where the cache holds anything.
BALLAST_INLINE void block_scores(const HeadQuery& head, std::int64_t block, Lanes& scores) {
  const float* keys = head.keys + block * head.head_dim * lane_count;
  scores = Lanes{};
  for (std::int64_t d = 0; d < head.head_dim; ++d) {
    Lanes key;
    load(key, keys + d * lane_count);
    scores += key * head.query[d];
  }
  scores *= head.scale;
  const auto begin = static_cast<std::int32_t>(block * lane_count);
  const auto first = static_cast<std::int32_t>(head.first);
  const auto end = static_cast<std::int32_t>(head.end);
  const IntLanes position = IntLanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + begin;
  const IntLanes seen = (position >= first) & (position < end);
  scores = seen ? scores : Lanes{} - std::numeric_limits<float>::infinity();
}

// to [16] = sum over positions of weight * values; four sums, so that the processor need not wait for each addition.
BALLAST_INLINE void weighted_values(const HeadQuery& head, const float* weights, const float* values, float* to) {
  Lanes sums[4] = {};
  const auto add = [&](Lanes & sum, std::int64_t i) __attribute__((always_inline)) {
    Lanes value;
    load(value, values + i * head.value_stride);
    sum += value * weights[i];
  };
  const std::int64_t count = head.end - head.first;
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    add(sums[0], i);
    add(sums[1], i + 1);
    add(sums[2], i + 2);
    add(sums[3], i + 3);
  }
  for (; i < count; ++i) add(sums[0], i);
  store(to, (sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace

BALLAST_KERNEL void attend_head(const HeadQuery& head, std::span<float> scratch, float* out) {
  const std::int64_t first_block = head.first / lane_count;
  const std::int64_t blocks = (head.end + lane_count - 1) / lane_count - first_block;
  float* scores = scratch.data();
  Lanes highest = Lanes{} - std::numeric_limits<float>::infinity();
  for (std::int64_t b = 0; b < blocks; ++b) {
    Lanes block;
    block_scores(head, first_block + b, block);
    highest = block > highest ? block : highest;
    store(scores + b * lane_count, block);
  }
  const float max = max_of(highest);
  Lanes sum = {};
  for (std::int64_t b = 0; b < blocks; ++b) {
    Lanes block;
    load(block, scores + b * lane_count);
    block -= max;
    exponentiate(block);
    sum += block;
    store(scores + b * lane_count, block);
  }
  const float normaliser = 1.0F / sum_of(sum);
  const float* weights = scores + (head.first - first_block * lane_count);
  const float* values = head.values + head.first * head.value_stride;
  float* weighted = scores + blocks * lane_count;
  for (std::int64_t d = 0; d < head.value_stride; d += lane_count)
    weighted_values(head, weights, values + d, weighted + d);
  for (std::int64_t d = 0; d < head.head_dim; ++d) out[d] = weighted[d] * normaliser;
}

}  // namespace ballast
