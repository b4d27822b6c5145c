// What the plain C++ kernels say, against ATen and against what the CPU path uses.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "workers/generation/sampler.h"
#include "workers/gpu_kernels/kernels.h"
#include "workers/model/kernel_stream.h"
#include "workers/model/rotary.h"

namespace ballast {
namespace {

void expect_close(const at::Tensor& found, const at::Tensor& expected, double tolerance = 1e-5) {
  EXPECT_TRUE(at::allclose(found.to(at::kDouble), expected.to(at::kDouble), tolerance, tolerance));
}

TEST(ReferenceKernels, AddNormIsASumAndItsRmsNorm) {
  const auto stream_NE = at::randn({3, 20}), delta_NE = at::randn({3, 20}), weight_E = at::randn({20});
  const auto expected_NE = stream_NE + delta_NE;
  const auto out_NE = at::empty({3, 20});
  gpu::reference_kernels().add_norm({.stream_NE = stream_NE.data_ptr(),
                                     .delta_NE = delta_NE.data_ptr(),
                                     .weight_E = weight_E.data_ptr(),
                                     .out_NE = out_NE.data_ptr(),
                                     .rows = 3,
                                     .width = 20,
                                     .epsilon = 1e-5F},
                                    {});
  expect_close(stream_NE, expected_NE);
  expect_close(out_NE, at::rms_norm(expected_NE, {20}, weight_E, 1e-5));
}

TEST(ReferenceKernels, GatedProductIsSiluOfTheFirstHalfTimesTheSecond) {
  const auto gate_up = at::randn({3, 14}).to(at::kBFloat16);
  const auto out = at::empty({3, 7}, at::kBFloat16);
  gpu::reference_kernels().gated_product(
      {.gate_up = gate_up.data_ptr(), .out = out.data_ptr(), .dtype = ComputeDType::bfloat16, .rows = 3, .width = 7},
      {});
  const auto halves = gate_up.to(at::kFloat).chunk(2, 1);
  EXPECT_TRUE(at::equal(out, (at::silu(halves[0]) * halves[1]).to(at::kBFloat16)));
}

struct CacheArrays {
  at::Tensor qkv = at::randn({2, 4 + 2 * 2, 6});  // 4 query heads, 2 of keys
  at::Tensor keys = at::randn({3, 2, 9, 6});
  at::Tensor values = at::randn({3, 2, 9, 6});
  at::Tensor slots_N = at::tensor({2, 0}, at::kLong);
  at::Tensor positions_N = at::tensor({8, 4}, at::kLong);

  gpu::CacheLayer layer() const {
    return {.keys = keys.data_ptr(), .values = values.data_ptr(), .positions = 9, .kv_heads = 2, .head_dim = 6};
  }
  gpu::CacheRows rows() const {
    return {.slots = slots_N.const_data_ptr<std::int64_t>(),
            .positions = positions_N.const_data_ptr<std::int64_t>(),
            .count = 2};
  }
};

TEST(ReferenceKernels, RotateIntoCacheIsTheModelsRotation) {
  const CacheArrays with;
  const auto frequencies_F = at::tensor({1.0F, 0.3F, 0.01F});
  const Rotation rotation(with.positions_N, frequencies_F);
  const auto turned = rotation.apply(with.qkv.narrow(1, 0, 6).clone());
  const auto values = with.qkv.narrow(1, 6, 2).clone();
  gpu::reference_kernels().rotate_into_cache({.qkv = with.qkv.data_ptr(),
                                              .frequencies = frequencies_F.const_data_ptr<float>(),
                                              .cache = with.layer(),
                                              .rows = with.rows(),
                                              .heads = 4},
                                             {});
  expect_close(with.qkv, at::cat({turned, values}, 1));
  for (const std::int64_t row : {0, 1}) {
    const auto slot = with.slots_N[row].item<std::int64_t>(), position = with.positions_N[row].item<std::int64_t>();
    expect_close(with.keys[slot].select(1, position), turned[row].narrow(0, 4, 2));
    expect_close(with.values[slot].select(1, position), values[row]);
  }
}

TEST(ReferenceKernels, DecodeAttentionIsScaledDotProductAttention) {
  for (const std::int64_t window : {0, 3}) {
    const CacheArrays with;
    const auto out = at::empty({2, 4, 6});
    gpu::reference_kernels().decode_attention({.q = with.qkv.data_ptr(),
                                               .q_stride = 48,
                                               .cache = with.layer(),
                                               .rows = with.rows(),
                                               .heads = 4,
                                               .scale = 0.3F,
                                               .window = window,
                                               .out = out.data_ptr()},
                                              {});
    for (const std::int64_t row : {0, 1}) {
      const auto end = with.positions_N[row].item<std::int64_t>() + 1;
      const auto first = window > 0 ? end - window : 0;
      const auto seen = [&](const at::Tensor& cache) {
        return cache[with.slots_N[row].item<std::int64_t>()].narrow(1, first, end - first);
      };
      const auto q = with.qkv[row].narrow(0, 0, 4).unsqueeze(1);
      expect_close(out[row].unsqueeze(1),
                   at::scaled_dot_product_attention(q, seen(with.keys), seen(with.values), {}, 0.0, false, 0.3, true));
    }
  }
}

TEST(ReferenceKernels, LogitRowsAreLogSoftmaxAndItsGradient) {
  const auto logits_MV = at::randn({5, 11}) * 3;
  const auto ids_M = at::randint(11, {5}, at::kLong);
  const auto gradients_M = at::randn({5});
  auto leaf = logits_MV.clone().requires_grad_(true);
  const auto expected_M = leaf.log_softmax(1).gather(1, ids_M.unsqueeze(1)).squeeze(1);
  const auto gradient_MV = torch::autograd::grad({(expected_M * gradients_M).sum()}, {leaf})[0];
  const gpu::LogitRows rows{
      .logits_MV = logits_MV.data_ptr(), .rows = 5, .vocab = 11, .ids_M = ids_M.const_data_ptr<std::int64_t>()};
  const auto log_probs_M = at::empty({5}), normalisers_M = at::empty({5});
  gpu::reference_kernels().gather_log_probs(
      {.logits = rows, .log_probs_M = log_probs_M.data_ptr<float>(), .normalisers_M = normalisers_M.data_ptr<float>()},
      {});
  expect_close(log_probs_M, expected_M);
  gpu::reference_kernels().logit_gradients({.logits = rows,
                                            .normalisers_M = normalisers_M.const_data_ptr<float>(),
                                            .gradients_M = gradients_M.const_data_ptr<float>()},
                                           {});
  expect_close(logits_MV, gradient_MV);
}

TEST(ReferenceKernels, SampleTokensIsTheSampler) {
  constexpr std::int64_t S = 50, V = 200;
  const std::vector<std::int64_t> end_tokens{7, 120};
  const auto logits_SV = at::randn({S, V}) * 2;
  const auto may_end_S = at::arange(S).remainder(2), tokens_S = at::empty({S}, at::kLong);
  const auto draws_S = at::rand({S}, at::kDouble);
  const auto log_probs_S = at::empty({S}), sampling_log_probs_S = at::empty({S});
  for (const double temperature : {1.0, 0.6, 0.0}) {
    gpu::reference_kernels().sample_tokens({.logits_SV = logits_SV.data_ptr(),
                                            .rows = S,
                                            .vocab = V,
                                            .temperature = static_cast<float>(temperature),
                                            .end_tokens = end_tokens.data(),
                                            .end_token_count = 2,
                                            .may_end_S = may_end_S.const_data_ptr<std::int64_t>(),
                                            .draws_S = draws_S.const_data_ptr<double>(),
                                            .tokens_S = tokens_S.data_ptr<std::int64_t>(),
                                            .log_probs_S = log_probs_S.data_ptr<float>(),
                                            .sampling_log_probs_S = sampling_log_probs_S.data_ptr<float>()},
                                           {});
    Sampler sampler({.temperature = temperature}, end_tokens, V);
    for (std::int64_t row = 0; row < S; ++row) {
      const auto choice = sampler.choose({logits_SV.const_data_ptr<float>() + row * V, V},
                                         {.seen = {}, .may_end = row % 2 != 0, .draw = draws_S[row].item<double>()});
      EXPECT_EQ(tokens_S[row].item<std::int64_t>(), choice.token);
      EXPECT_NEAR(log_probs_S[row].item<float>(), choice.log_prob, 1e-5);
      EXPECT_NEAR(sampling_log_probs_S[row].item<float>(), choice.sampling_log_prob, 1e-5);
    }
  }
}

}  // namespace
}  // namespace ballast
