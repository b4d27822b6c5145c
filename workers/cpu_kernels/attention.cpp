#include "workers/cpu_kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ballast::cpu {
namespace {

constexpr std::int64_t query_block = 48;  // queries whose scores are computed at once

// One head's rows of a tensor [N, heads, D].
template <typename Element>
struct HeadRows {
  Element* first = nullptr;
  std::int64_t stride = 0;
  std::int64_t rows = 0;
  std::int64_t head_dim = 0;
};

template <typename Element>
BALLAST_INLINE void gather_rows(const HeadRows<const Element>& from, float* to_LD) {
  for (std::int64_t row = 0; row < from.rows; ++row)
    for (std::int64_t d = 0; d < from.head_dim; d += lane_count) {
      Lanes lanes;
      load_some(lanes, from.first + row * from.stride + d, from.head_dim - d, 0.0F);
      store_some(to_LD + row * from.head_dim + d, lanes, from.head_dim - d);
    }
}

template <typename Element>
BALLAST_INLINE void scatter_rows(const float* from_LD, const HeadRows<Element>& to) {
  for (std::int64_t row = 0; row < to.rows; ++row)
    for (std::int64_t d = 0; d < to.head_dim; d += lane_count) {
      Lanes lanes;
      load_some(lanes, from_LD + row * to.head_dim + d, to.head_dim - d, 0.0F);
      store_some(to.first + row * to.stride + d, lanes, to.head_dim - d);
    }
}

BALLAST_KERNEL void gather(const HeadRows<const float>& from, float* to_LD) { gather_rows(from, to_LD); }
BALLAST_KERNEL void gather(const HeadRows<const Bfloat16>& from, float* to_LD) { gather_rows(from, to_LD); }
BALLAST_KERNEL void scatter(const float* from_LD, const HeadRows<float>& to) { scatter_rows(from_LD, to); }
BALLAST_KERNEL void scatter(const float* from_LD, const HeadRows<Bfloat16>& to) { scatter_rows(from_LD, to); }

// What a query sees of its block's scores: keys from `first` to `last`; the row has `stride` elements, whole lanes.
struct Visible {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t stride = 0;
};

Visible visible_to(std::int64_t query, std::int64_t window, std::int64_t stride) {
  return {.first = window > 0 ? std::max<std::int64_t>(query + 1 - window, 0) : 0, .last = query, .stride = stride};
}

BALLAST_INLINE void hide(float* scores, const Visible& visible) {
  constexpr float hidden = -std::numeric_limits<float>::infinity();
  std::fill(scores, scores + visible.first, hidden);
  std::fill(scores + visible.last + 1, scores + visible.stride, hidden);
}

// scores = exp(scale (scores - highest)). Returns the sum; `normaliser` = log sum exp(scale scores).
BALLAST_KERNEL float weigh(float* scores, const Visible& visible, float scale, float& normaliser) {
  hide(scores, visible);
  Lanes highest, lanes, sum = {};
  load(highest, scores);
  for (std::int64_t j = lane_count; j < visible.stride; j += lane_count) {
    load(lanes, scores + j);
    highest = lanes > highest ? lanes : highest;
  }
  const float above_all = max_of(highest) * scale;
  for (std::int64_t j = 0; j < visible.stride; j += lane_count) {
    load(lanes, scores + j);
    lanes = lanes * scale - above_all;
    exponentiate(lanes);
    store(scores + j, lanes);
    sum += lanes;
  }
  const float total = sum_of(sum);
  normaliser = above_all + std::log(total);
  return total;
}

// What the backward pass knows of a query; delta = sum(dO O).
struct QueryTerms {
  float scale = 1.0F;
  float normaliser = 0.0F;
  float delta = 0.0F;
};

// scores = weights; gradients, of the weights, become those of the scores: w (g - delta) scale.
BALLAST_KERNEL void differentiate_weights(float* scores, float* gradients, const Visible& visible,
                                          const QueryTerms& query) {
  hide(scores, visible);
  for (std::int64_t j = 0; j < visible.stride; j += lane_count) {
    Lanes weights, gradient;
    load(weights, scores + j);
    load(gradient, gradients + j);
    weights = weights * query.scale - query.normaliser;
    exponentiate(weights);
    store(scores + j, weights);
    store(gradients + j, weights * (gradient - query.delta) * query.scale);
  }
}

BALLAST_KERNEL void divide(float* row, std::int64_t count, float divisor) {
  const float factor = 1.0F / divisor;
  for (std::int64_t i = 0; i < count; ++i) row[i] *= factor;
}

BALLAST_KERNEL float dot(const float* a, const float* b, std::int64_t count) {
  Lanes sum = {};
  for (std::int64_t i = 0; i < count; i += lane_count) {
    Lanes x, y;
    load_some(x, a + i, count - i, 0.0F);
    load_some(y, b + i, count - i, 0.0F);
    sum += x * y;
  }
  return sum_of(sum);
}

MatrixView rows_of(const std::vector<float>& matrix, std::int64_t columns) { return {matrix.data(), columns, 1}; }

// Which head of a tensor [N, heads, D].
struct HeadPlace {
  std::int64_t heads = 0;
  std::int64_t head = 0;
  std::int64_t head_dim = 0;
};

template <typename Element>
HeadRows<Element> head_rows(Element* tensor, const AttentionPart& part, const HeadPlace& place) {
  return {.first = tensor + (part.begin * place.heads + place.head) * place.head_dim,
          .stride = place.heads * place.head_dim,
          .rows = part.length,
          .head_dim = place.head_dim};
}

std::int64_t whole_lanes(std::int64_t count) { return (count + lane_count - 1) / lane_count * lane_count; }

}  // namespace

template <typename Element>
void AttentionKernel::attend(const PackedAttention<Element>& attention, const AttentionPart& part) {
  const std::int64_t L = part.length, D = attention.head_dim;
  const std::int64_t all_heads = attention.heads + 2 * attention.kv_heads;
  for (auto* matrix : {&q_LD_, &k_LD_, &v_LD_, &out_LD_}) matrix->resize(L * D);
  scores_.resize(query_block * whole_lanes(L));
  const std::int64_t k_head = attention.heads + part.kv_head;
  gather(head_rows(attention.qkv_NHD, part, {all_heads, k_head, D}), k_LD_.data());
  gather(head_rows(attention.qkv_NHD, part, {all_heads, k_head + attention.kv_heads, D}), v_LD_.data());
  k_transposed_.pack(rows_of(k_LD_, D).transposed(), D, L);
  v_.pack(rows_of(v_LD_, D), L, D);
  const std::int64_t group = attention.heads / attention.kv_heads;
  for (std::int64_t head = part.kv_head * group; head < (part.kv_head + 1) * group; ++head)
    attend_head(attention, part, head);
}

template <typename Element>
void AttentionKernel::attend_head(const PackedAttention<Element>& attention, const AttentionPart& part,
                                  std::int64_t head) {
  const std::int64_t L = part.length, D = attention.head_dim;
  gather(head_rows(attention.qkv_NHD, part, {attention.heads + 2 * attention.kv_heads, head, D}), q_LD_.data());
  float* normalisers = attention.normalisers_HN + head * attention.tokens + part.begin;
  for (std::int64_t begin = 0; begin < L; begin += query_block) {
    const std::int64_t end = std::min(begin + query_block, L);
    const std::int64_t stride = whole_lanes(end);
    const MatrixView scores{scores_.data(), stride, 1};
    multiply({.M = end - begin,
              .N = end,
              .K = D,
              .a_MK = rows_of(q_LD_, D).at(begin, 0),
              .c_MN = scores_.data(),
              .c_stride = stride},
             k_transposed_);
    float totals[query_block];
    for (std::int64_t i = begin; i < end; ++i)
      totals[i - begin] = weigh(scores_.data() + (i - begin) * stride, visible_to(i, attention.window, stride),
                                attention.scale, normalisers[i]);
    multiply({.M = end - begin, .N = D, .K = end, .a_MK = scores, .c_MN = out_LD_.data() + begin * D, .c_stride = D},
             v_);
    for (std::int64_t i = begin; i < end; ++i) divide(out_LD_.data() + i * D, D, totals[i - begin]);
  }
  scatter(out_LD_.data(), head_rows(attention.out_NHD, part, {attention.heads, head, D}));
}

template <typename Element>
void AttentionKernel::differentiate(const PackedAttention<Element>& attention, const AttentionPart& part) {
  const std::int64_t L = part.length, D = attention.head_dim;
  const std::int64_t all_heads = attention.heads + 2 * attention.kv_heads;
  for (auto* matrix : {&q_LD_, &k_LD_, &v_LD_, &out_LD_, &gradient_LD_, &q_gradient_LD_}) matrix->resize(L * D);
  for (auto* matrix : {&k_gradient_LD_, &v_gradient_LD_}) matrix->assign(L * D, 0.0F);
  for (auto* matrix : {&scores_, &score_gradients_}) matrix->resize(query_block * whole_lanes(L));
  deltas_L_.resize(L);
  const std::int64_t k_head = attention.heads + part.kv_head;
  gather(head_rows(attention.qkv_NHD, part, {all_heads, k_head, D}), k_LD_.data());
  gather(head_rows(attention.qkv_NHD, part, {all_heads, k_head + attention.kv_heads, D}), v_LD_.data());
  k_transposed_.pack(rows_of(k_LD_, D).transposed(), D, L);
  v_transposed_.pack(rows_of(v_LD_, D).transposed(), D, L);
  k_.pack(rows_of(k_LD_, D), L, D);
  const std::int64_t group = attention.heads / attention.kv_heads;
  for (std::int64_t head = part.kv_head * group; head < (part.kv_head + 1) * group; ++head)
    differentiate_head(attention, part, head);
  scatter(k_gradient_LD_.data(), head_rows(attention.qkv_gradient_NHD, part, {all_heads, k_head, D}));
  scatter(v_gradient_LD_.data(),
          head_rows(attention.qkv_gradient_NHD, part, {all_heads, k_head + attention.kv_heads, D}));
}

// With weights W = softmax(scale Q K^T) and O = W V: dV = W^T dO, dW = dO V^T, dS = W (dW - sum(dO O)) scale, dQ = dS
// K, dK = dS^T Q (Dao et al. 2022, appendix B).
template <typename Element>
void AttentionKernel::differentiate_head(const PackedAttention<Element>& attention, const AttentionPart& part,
                                         std::int64_t head) {
  const std::int64_t L = part.length, D = attention.head_dim;
  const std::int64_t all_heads = attention.heads + 2 * attention.kv_heads;
  const float* normalisers = attention.normalisers_HN + head * attention.tokens + part.begin;
  gather(head_rows(attention.qkv_NHD, part, {all_heads, head, D}), q_LD_.data());
  gather(head_rows<const Element>(attention.out_NHD, part, {attention.heads, head, D}), out_LD_.data());
  gather(head_rows(attention.out_gradient_NHD, part, {attention.heads, head, D}), gradient_LD_.data());
  for (std::int64_t i = 0; i < L; ++i) deltas_L_[i] = dot(&out_LD_[i * D], &gradient_LD_[i * D], D);
  for (std::int64_t begin = 0; begin < L; begin += query_block) {
    const std::int64_t end = std::min(begin + query_block, L);
    const std::int64_t stride = whole_lanes(end);
    const MatrixView q = rows_of(q_LD_, D).at(begin, 0), gradient = rows_of(gradient_LD_, D).at(begin, 0);
    const MatrixView weights{scores_.data(), stride, 1}, score_gradients{score_gradients_.data(), stride, 1};
    const Product over_heads{.M = end - begin, .N = end, .K = D, .c_stride = stride};
    const auto scores_of = [&](const MatrixView& rows, std::vector<float>& into, const Panels& columns) {
      Product product = over_heads;
      product.a_MK = rows;
      product.c_MN = into.data();
      multiply(product, columns);
    };
    scores_of(q, scores_, k_transposed_);
    scores_of(gradient, score_gradients_, v_transposed_);
    for (std::int64_t i = begin; i < end; ++i)
      differentiate_weights(&scores_[(i - begin) * stride], &score_gradients_[(i - begin) * stride],
                            visible_to(i, attention.window, stride),
                            {.scale = attention.scale, .normaliser = normalisers[i], .delta = deltas_L_[i]});
    multiply({.M = end - begin,
              .N = D,
              .K = end,
              .a_MK = score_gradients,
              .c_MN = &q_gradient_LD_[begin * D],
              .c_stride = D},
             k_);
    const auto add_to = [&](std::vector<float>& sum, const MatrixView& rows, const Panels& columns) {
      multiply({.M = end,
                .N = D,
                .K = end - begin,
                .a_MK = rows.transposed(),
                .c_MN = sum.data(),
                .c_stride = D,
                .add = true},
               columns);
    };
    q_block_.pack(q, end - begin, D);
    gradient_block_.pack(gradient, end - begin, D);
    add_to(k_gradient_LD_, score_gradients, q_block_);
    add_to(v_gradient_LD_, weights, gradient_block_);
  }
  scatter(q_gradient_LD_.data(), head_rows(attention.qkv_gradient_NHD, part, {all_heads, head, D}));
}

void AttentionKernel::forward(const PackedAttention<float>& attention, const AttentionPart& part) {
  attend(attention, part);
}
void AttentionKernel::forward(const PackedAttention<Bfloat16>& attention, const AttentionPart& part) {
  attend(attention, part);
}
void AttentionKernel::backward(const PackedAttention<float>& attention, const AttentionPart& part) {
  differentiate(attention, part);
}
void AttentionKernel::backward(const PackedAttention<Bfloat16>& attention, const AttentionPart& part) {
  differentiate(attention, part);
}

}  // namespace ballast::cpu
