#include "workers/gpu_kernels/sample_tokens.h"

#include "tests/workers/gpu_kernels/kernel_case.h"

namespace ballast {
namespace {

using SampleTokensKernel = KernelCase;

struct Case {
  ComputeDType dtype = ComputeDType::float32;
  float temperature = 1.0F;
};

// Logits, end tokens, may_end, draws; then what comes out.
OnArrays sample(const Case& with) {
  return [with](const gpu::Kernels& kernels, const Arrays& on) {
    kernels.sample_tokens({.logits_SV = on[0].data_ptr(),
                           .dtype = with.dtype,
                           .rows = on[0].size(0),
                           .vocab = on[0].size(1),
                           .temperature = with.temperature,
                           .end_tokens = on[1].const_data_ptr<std::int64_t>(),
                           .end_token_count = on[1].size(0),
                           .may_end_S = on[2].const_data_ptr<std::int64_t>(),
                           .draws_S = on[3].const_data_ptr<double>(),
                           .tokens_S = on[4].data_ptr<std::int64_t>(),
                           .log_probs_S = on[5].data_ptr<float>(),
                           .sampling_log_probs_S = on[6].data_ptr<float>()},
                          {});
  };
}

Arrays arrays_of(const at::Tensor& logits_SV, const at::Tensor& draws_S) {
  const auto S = logits_SV.size(0);
  const auto V = logits_SV.size(1);
  return {logits_SV,
          at::tensor({std::int64_t{0}, V - 1}, at::kLong),
          at::arange(S).remainder(2),
          draws_S,
          at::full({S}, -1, at::kLong),
          at::zeros({S}),
          at::zeros({S})};
}

TEST_F(SampleTokensKernel, DrawsWhatTheReferenceDraws) {
  for (const auto dtype : both_dtypes)
    for (const std::int64_t V : {2, 64, 65, 4096 + 7})
      for (const float temperature : {1.0F, 0.7F, 0.0F}) {
        SCOPED_TRACE(testing::Message() << V << " at " << temperature);
        const auto logits_SV = (at::randn({3, V}) * 3).to(scalar_type(dtype));
        expect_same(arrays_of(logits_SV, at::rand({3}, at::kDouble)), sample({dtype, temperature}), 1e-5);
      }
}

TEST_F(SampleTokensKernel, TakesEachTokenAsOftenAsItSays) {
  const auto logits_V = at::randn({20}) * 2;
  constexpr std::int64_t draws = 80;
  const auto found =
      after(*target_.kernels, target_.device,
            arrays_of(logits_V.expand({draws, 20}).contiguous(), (at::arange(draws, at::kDouble) + 0.5) / draws),
            sample({.temperature = 1.0F}));
  const auto banned = found[4].slice(0, 0, draws, 2), free = found[4].slice(0, 1, draws, 2);
  EXPECT_FALSE(((banned == 0) | (banned == 19)).any().item<bool>());
  const auto frequencies_V = at::bincount(free, {}, 20).to(at::kFloat) / (draws / 2);
  EXPECT_LT((frequencies_V - logits_V.softmax(0)).abs().max().item<float>(), 0.026F);
}

TEST_F(SampleTokensKernel, TiesGoToTheLowerIdAndImpossibleTokensAreNeverTaken) {
  auto logits_SV = at::full({4, 300}, -std::numeric_limits<float>::infinity());
  logits_SV.slice(1, 100, 300, 50).fill_(1.0F);  // 100, 150, 200, 250
  const auto draws_S = at::tensor({0.0, 0.5, 0.999999999, 0.2499}, at::kDouble);
  const auto greedy =
      after(*target_.kernels, target_.device, arrays_of(logits_SV, draws_S), sample({.temperature = 0}));
  EXPECT_TRUE(at::equal(greedy[4], at::full({4}, 100, at::kLong)));
  EXPECT_TRUE(at::equal(greedy[6], at::zeros({4})));
  const auto drawn = after(*target_.kernels, target_.device, arrays_of(logits_SV, draws_S), sample({}));
  EXPECT_TRUE(at::equal(drawn[4], at::tensor({100, 200, 250, 100}, at::kLong)));
  EXPECT_TRUE(at::allclose(drawn[6], at::full({4}, -std::log(4.0))));
}

}  // namespace
}  // namespace ballast
