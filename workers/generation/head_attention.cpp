#include "workers/generation/head_attention.h"

#include <limits>

#include "workers/cpu_kernels/aligned_vector.h"

namespace ballast {
namespace {

// Sums that are computed side by side, so that the processor need not wait for each addition.
constexpr int side_by_side = 4;

// scores [count] of 16 positions each, before the scale. The query [D] is float32, an odd D's last pair ends with 0.
template <int count>
BALLAST_INLINE void multiply_keys(const HeadQuery<float>& head, const float* query, const float* keys, Lanes* scores) {
  for (std::int64_t d = 0; d < head.head_dim; ++d) {
    for (int b = 0; b < count; ++b) {
      Lanes key;
      load(key, keys + (b * head.head_dim + d) * lane_count);
      scores[b] += key * query[d];
    }
  }
}

template <int count>
BALLAST_INLINE void multiply_keys(const HeadQuery<Bfloat16>& head, const float* query, const Bfloat16* keys,
                                  Lanes* scores) {
  const std::int64_t D = rounded_up(head.head_dim, 2);
  for (std::int64_t d = 0; d < D; d += 2) {
    for (int b = 0; b < count; ++b) {
      Lanes first, second;
      load_pairs(first, second, keys + (b * D + d) * lane_count);
      scores[b] += first * query[d];
      scores[b] += second * query[d + 1];
    }
  }
}

// -inf outside [first, end), where the cache holds anything.
template <typename Element>
BALLAST_INLINE void mask(const HeadQuery<Element>& head, std::int64_t block, Lanes& scores) {
  const auto begin = static_cast<std::int32_t>(block * lane_count);
  const auto first = static_cast<std::int32_t>(head.first);
  const auto end = static_cast<std::int32_t>(head.end);
  const IntLanes position = IntLanes{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} + begin;
  const IntLanes seen = (position >= first) & (position < end);
  scores = seen ? scores : Lanes{} - std::numeric_limits<float>::infinity();
}

template <int count, typename Element>
BALLAST_INLINE void score_blocks(const HeadQuery<Element>& head, const float* query, std::int64_t block, float* scores,
                                 Lanes& highest) {
  const std::int64_t block_size = rounded_up(head.head_dim, sizeof(float) / sizeof(Element)) * lane_count;
  Lanes sums[count] = {};
  multiply_keys<count>(head, query, head.keys + block * block_size, sums);
  for (int b = 0; b < count; ++b) {
    sums[b] *= head.scale;
    mask(head, block + b, sums[b]);
    highest = sums[b] > highest ? sums[b] : highest;
    store(scores + b * lane_count, sums[b]);
  }
}

// The values of a pair of positions at 16 elements.
BALLAST_INLINE void load_value_pair(Lanes& even, Lanes& odd, const float* pair, std::int64_t value_stride,
                                    std::int64_t d) {
  load(even, pair + d);
  load(odd, pair + value_stride + d);
}
BALLAST_INLINE void load_value_pair(Lanes& even, Lanes& odd, const Bfloat16* pair, std::int64_t /*value_stride*/,
                                    std::int64_t d) {
  load_pairs(even, odd, pair + 2 * d);
}

// to [16 count] = sum over positions of weight * value; even and odd positions are summed apart.
template <int count, typename Element>
BALLAST_INLINE void weigh_values(const HeadQuery<Element>& head, const float* weights, std::int64_t d, float* to) {
  Lanes even_sums[count] = {};
  Lanes odd_sums[count] = {};
  for (std::int64_t position = head.first / 2 * 2; position < head.end; position += 2) {
    const bool whole = position + 1 < head.end;  // else the cache holds anything after the last position
    for (int i = 0; i < count; ++i) {
      Lanes even, odd;
      load_value_pair(even, odd, head.values + position * head.value_stride, head.value_stride, d + i * lane_count);
      even_sums[i] += even * weights[position];
      if (whole) odd_sums[i] += odd * weights[position + 1];
    }
  }
  for (int i = 0; i < count; ++i) store(to + i * lane_count, even_sums[i] + odd_sums[i]);
}

// scores -> exp(scores - highest), over whole blocks; returns their sum.
BALLAST_INLINE float exponentiate_scores(float* scores, std::int64_t size, float highest) {
  Lanes sum = {};
  for (std::int64_t i = 0; i < size; i += lane_count) {
    Lanes block;
    load(block, scores + i);
    block -= highest;
    exponentiate(block);
    sum += block;
    store(scores + i, block);
  }
  return sum_of(sum);
}

template <typename Element>
BALLAST_INLINE void attend(const HeadQuery<Element>& head, std::span<float> scratch, Element* out) {
  float* query = scratch.data();
  float* weighted = query + rounded_up(head.head_dim, lane_count);
  float* scores = weighted + head.value_stride;
  query[rounded_up(head.head_dim, 2) - 1] = 0.0F;
  for (std::int64_t d = 0; d < head.head_dim; ++d) query[d] = widened(head.query[d]);

  const std::int64_t first_block = head.first / lane_count;
  const std::int64_t end_block = (head.end + lane_count - 1) / lane_count;
  Lanes highest = Lanes{} - std::numeric_limits<float>::infinity();
  std::int64_t block = first_block;
  for (; block + side_by_side <= end_block; block += side_by_side)
    score_blocks<side_by_side>(head, query, block, scores + (block - first_block) * lane_count, highest);
  for (; block < end_block; ++block)
    score_blocks<1>(head, query, block, scores + (block - first_block) * lane_count, highest);
  const float sum = exponentiate_scores(scores, (end_block - first_block) * lane_count, max_of(highest));

  const float* weights = scores - first_block * lane_count;  // by position
  std::int64_t d = 0;
  for (; d + side_by_side * lane_count <= head.value_stride; d += side_by_side * lane_count)
    weigh_values<side_by_side>(head, weights, d, weighted + d);
  for (; d < head.value_stride; d += lane_count) weigh_values<1>(head, weights, d, weighted + d);
  const float normaliser = 1.0F / sum;
  for (std::int64_t i = 0; i < head.head_dim; ++i) narrow(out + i, weighted[i] * normaliser);
}

}  // namespace

std::int64_t attention_scratch(std::int64_t positions, std::int64_t head_dim) {
  return rounded_up(positions, lane_count) + lane_count + 2 * rounded_up(head_dim, lane_count);
}

BALLAST_KERNEL void attend_head(const HeadQuery<float>& head, std::span<float> scratch, float* out) {
  attend(head, scratch, out);
}

BALLAST_KERNEL void attend_head(const HeadQuery<Bfloat16>& head, std::span<float> scratch, Bfloat16* out) {
  attend(head, scratch, out);
}

}  // namespace ballast
