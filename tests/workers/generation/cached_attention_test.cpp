#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "workers/generation/cached_attention.h"

namespace ballast {
namespace {

struct Shape {
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t head_dim = 8;
  std::optional<std::int64_t> window = {};
};

constexpr std::int64_t longest = 70;

AttentionInput random_input(std::int64_t rows, const Shape& shape) {
  return {.q_NHD = torch::randn({rows, shape.heads, shape.head_dim}),
          .k_NKD = torch::randn({rows, shape.kv_heads, shape.head_dim}),
          .v_NKD = torch::randn({rows, shape.kv_heads, shape.head_dim})};
}

AttentionInput rows_of(const AttentionInput& input, std::int64_t begin, std::int64_t count) {
  return {.q_NHD = input.q_NHD.narrow(0, begin, count),
          .k_NKD = input.k_NKD.narrow(0, begin, count),
          .v_NKD = input.v_NKD.narrow(0, begin, count)};
}

AttentionSite site_of(const Shape& shape) { return {.layer = 1, .scale = 0.3, .window = shape.window}; }

KvCache<float> cache_for(const Shape& shape) {
  return KvCache<float>(
      {.layers = 2, .slots = 3, .positions = longest, .kv_heads = shape.kv_heads, .head_dim = shape.head_dim});
}

std::vector<CachePlace> places(std::int64_t slot, std::int64_t begin, std::int64_t count) {
  std::vector<CachePlace> result;
  for (std::int64_t i = 0; i < count; ++i) result.push_back({.slot = slot, .position = begin + i});
  return result;
}

const std::vector<Shape> shapes{{},
                                {.heads = 2, .kv_heads = 2, .head_dim = 64},
                                {.heads = 6, .kv_heads = 1, .head_dim = 20},
                                {.window = 6},
                                {.window = 33},
                                {.head_dim = 16, .window = 1}};

TEST(CachedAttention, ComputesWhatAttentionOverWholeSequencesComputes) {
  torch::manual_seed(1);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    SCOPED_TRACE(i);
    const auto input = random_input(longest, shapes[i]);
    auto cache = cache_for(shapes[i]);
    const auto expected = packed_attention({0, longest})(site_of(shapes[i]), input);
    const auto found = cached_attention(cache, places(2, 0, longest))(site_of(shapes[i]), input);
    EXPECT_LT((found - expected).abs().max().item<double>(), 2e-6);
  }
}

TEST(CachedAttention, GivesATokenTheSameBitsInPrefillAndInDecode) {
  torch::manual_seed(2);
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    SCOPED_TRACE(i);
    const auto input = random_input(longest, shapes[i]);
    auto whole = cache_for(shapes[i]);
    const auto expected = cached_attention(whole, places(0, 0, longest))(site_of(shapes[i]), input);
    auto cache = cache_for(shapes[i]);
    cached_attention(cache, places(1, 0, 5))(site_of(shapes[i]), rows_of(input, 0, 5));
    for (std::int64_t t = 5; t < longest; ++t) {
      const auto found = cached_attention(cache, places(1, t, 1))(site_of(shapes[i]), rows_of(input, t, 1));
      ASSERT_TRUE(torch::equal(found[0], expected[t])) << "token " << t;
    }
  }
}

TEST(CachedAttention, ForgetsTheSequenceThatWasInTheSlot) {
  const auto input = random_input(longest, {});
  const auto short_input = rows_of(random_input(longest, {}), 0, 3);
  auto fresh = cache_for({});
  const auto expected = cached_attention(fresh, places(0, 0, 3))(site_of({}), short_input);
  auto used = cache_for({});
  cached_attention(used, places(0, 0, longest))(site_of({}), input);
  EXPECT_TRUE(torch::equal(cached_attention(used, places(0, 0, 3))(site_of({}), short_input), expected));
}

TEST(CachedAttention, GivesZeroForPaddingRowsAndStoresNothingOfThem) {
  auto cache = cache_for({});
  const auto input = random_input(2, {});
  const auto found = cached_attention(cache, {{.slot = 0, .position = 0}, {}})(site_of({}), input);
  EXPECT_TRUE(torch::equal(found[1], torch::zeros_like(found[1])));
  EXPECT_TRUE(torch::equal(found[0], input.v_NKD[0].repeat_interleave(2, 0)));
}

TEST(CachedAttention, TakesAndGivesBfloat16) {
  auto cache = cache_for({});
  const auto input = random_input(4, {});
  const AttentionInput half{.q_NHD = input.q_NHD.to(torch::kBFloat16),
                            .k_NKD = input.k_NKD.to(torch::kBFloat16),
                            .v_NKD = input.v_NKD.to(torch::kBFloat16)};
  const auto found = cached_attention(cache, places(0, 0, 4))(site_of({}), half);
  const auto expected = packed_attention({0, 4})(site_of({}), input);
  EXPECT_EQ(found.scalar_type(), torch::kBFloat16);
  EXPECT_LT((found.to(torch::kFloat32) - expected).abs().max().item<double>(), 0.03);
}

std::vector<Bfloat16> rounded(const torch::Tensor& x) {
  const auto half = x.to(torch::kBFloat16).contiguous();
  const auto* bits = reinterpret_cast<const Bfloat16*>(half.const_data_ptr());
  return {bits, bits + half.numel()};
}

torch::Tensor widened_rows(std::vector<Bfloat16>& rows, std::int64_t count) {
  return torch::from_blob(rows.data(), {count, static_cast<std::int64_t>(rows.size()) / count}, torch::kBFloat16)
      .to(torch::kFloat32);
}

// Puts the rows into the slot and attends from each of them.
std::vector<Bfloat16> attend_in_bfloat16(KvCache<Bfloat16>& cache, const Shape& shape, const AttentionInput& input,
                                         const std::vector<CachePlace>& rows) {
  const auto q = rounded(input.q_NHD);
  const auto k = rounded(input.k_NKD);
  const auto v = rounded(input.v_NKD);
  const auto site = site_of(shape);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto offset = i * shape.kv_heads * shape.head_dim;
    cache.put(site.layer, rows[i].slot, rows[i].position, &k[offset], &v[offset]);
  }
  std::vector<Bfloat16> out(q.size());
  const std::int64_t stride = shape.heads * shape.head_dim;
  const AttentionRows<Bfloat16> attention{.places = rows,
                                          .heads = shape.heads,
                                          .queries = q.data(),
                                          .query_stride = stride,
                                          .out = out.data(),
                                          .out_stride = stride};
  const auto heads = static_cast<std::int64_t>(rows.size()) * shape.heads;
  attend_heads(cache, site, attention, {0, heads / 2});
  attend_heads(cache, site, attention, {heads / 2, heads});
  return out;
}

KvCache<Bfloat16> bfloat16_cache_for(const Shape& shape) {
  return KvCache<Bfloat16>(
      {.layers = 2, .slots = 3, .positions = longest, .kv_heads = shape.kv_heads, .head_dim = shape.head_dim});
}

TEST(CachedAttention, OverBfloat16IsThatOfTheRoundedNumbersRoundedOnce) {
  torch::manual_seed(4);
  auto of_any_size = shapes;
  of_any_size.push_back({.head_dim = 7});
  for (std::size_t i = 0; i < of_any_size.size(); ++i) {
    SCOPED_TRACE(i);
    const auto input = random_input(longest, of_any_size[i]);
    const auto round = [](const torch::Tensor& x) { return x.to(torch::kBFloat16).to(torch::kFloat32); };
    const auto expected = packed_attention({0, longest})(
        site_of(of_any_size[i]),
        {.q_NHD = round(input.q_NHD), .k_NKD = round(input.k_NKD), .v_NKD = round(input.v_NKD)});
    auto cache = bfloat16_cache_for(of_any_size[i]);
    auto found = attend_in_bfloat16(cache, of_any_size[i], input, places(2, 0, longest));
    const auto error = (widened_rows(found, longest) - expected.flatten(1)).abs();
    EXPECT_TRUE((error <= expected.flatten(1).abs() / 256 + 1e-5).all().item<bool>());
  }
}

TEST(CachedAttention, OverBfloat16GivesATokenTheSameBitsInPrefillAndInDecode) {
  torch::manual_seed(5);
  for (const auto& shape : shapes) {
    const auto input = random_input(longest, shape);
    auto whole = bfloat16_cache_for(shape);
    auto expected = attend_in_bfloat16(whole, shape, input, places(0, 0, longest));
    const auto expected_rows = widened_rows(expected, longest);
    auto cache = bfloat16_cache_for(shape);
    attend_in_bfloat16(cache, shape, random_input(longest, shape), places(1, 0, longest));  // an earlier sequence
    for (std::int64_t t = 0; t < longest; ++t) {
      auto found = attend_in_bfloat16(cache, shape, rows_of(input, t, 1), places(1, t, 1));
      ASSERT_TRUE(torch::equal(widened_rows(found, 1)[0], expected_rows[t])) << "token " << t;
    }
  }
}

TEST(CachedAttention, GoesOnFromACopyOfTheFirstPositions) {
  torch::manual_seed(6);
  const auto input = random_input(longest, {});
  auto cache = cache_for({});
  const auto expected = cached_attention(cache, places(0, 0, longest))(site_of({}), input);
  cached_attention(cache, places(2, 0, longest))(site_of({}), random_input(longest, {}));
  cache.copy(0, 2, 33);
  const auto found = cached_attention(cache, places(2, 33, 20))(site_of({}), rows_of(input, 33, 20));
  EXPECT_TRUE(torch::equal(found, expected.narrow(0, 33, 20)));
}

}  // namespace
}  // namespace ballast
