// add_norm, gated_product, gather_log_probs, logit_gradients: a thread block to a row.
#include "tests/workers/gpu_kernels/kernel_case.h"

namespace ballast {
namespace {

using RowKernels = KernelCase;

// Whole 16 bytes to a row, and not.
constexpr std::int64_t widths[]{8, 64, 2048 + 8, 1, 77, 300};

TEST_F(RowKernels, AddNormAddsAndNorms) {
  for (const auto dtype : both_dtypes)
    for (const auto width : widths)
      for (const bool with_delta : {true, false}) {
        SCOPED_TRACE(testing::Message() << width << " delta " << with_delta);
        const Arrays arrays{at::randn({5, width}).to(scalar_type(dtype)), at::randn({5, width}).to(scalar_type(dtype)),
                            at::randn({width}).to(scalar_type(dtype)), at::zeros({5, width}, scalar_type(dtype))};
        const auto call = [&](const gpu::Kernels& kernels, const Arrays& on) {
          kernels.add_norm({.stream_NE = on[0].data_ptr(),
                            .delta_NE = with_delta ? on[1].data_ptr() : nullptr,
                            .weight_E = on[2].data_ptr(),
                            .out_NE = on[3].data_ptr(),
                            .dtype = dtype,
                            .rows = 5,
                            .width = width,
                            .epsilon = 1e-5F},
                           {});
        };
        expect_same(arrays, call, tolerance_of(dtype));
      }
}

TEST_F(RowKernels, GatedProductGatesByTheFirstHalf) {
  for (const auto dtype : both_dtypes)
    for (const auto width : widths) {
      SCOPED_TRACE(width);
      const Arrays arrays{at::randn({5, 2 * width}).to(scalar_type(dtype)), at::zeros({5, width}, scalar_type(dtype))};
      const auto call = [&](const gpu::Kernels& kernels, const Arrays& on) {
        kernels.gated_product(
            {.gate_up = on[0].data_ptr(), .out = on[1].data_ptr(), .dtype = dtype, .rows = 5, .width = width}, {});
      };
      expect_same(arrays, call, tolerance_of(dtype));
    }
}

struct Logits {
  ComputeDType dtype;
  std::int64_t vocab;

  gpu::LogitRows rows(const Arrays& on) const {
    return {.logits_MV = on[0].data_ptr(),
            .dtype = dtype,
            .rows = on[0].size(0),
            .vocab = vocab,
            .ids_M = on[1].const_data_ptr<std::int64_t>()};
  }
  Arrays arrays() const {
    auto logits_MV = at::randn({6, vocab}) * 4;
    logits_MV[1].fill_(-1e4);  // all equal, far from zero
    logits_MV[2].narrow(0, 0, vocab / 2).fill_(-std::numeric_limits<float>::infinity());
    auto ids_M = at::randint(vocab, {6}, at::kLong);
    ids_M[2] = vocab - 1;
    return {logits_MV.to(scalar_type(dtype)), ids_M, at::zeros({6}), at::randn({6}) + 10};
  }
};

TEST_F(RowKernels, GatherLogProbsNormalisesOverTheVocabulary) {
  for (const auto dtype : both_dtypes)
    for (const std::int64_t vocab : {8, 4096 + 8, 1, 4097, 600}) {
      SCOPED_TRACE(vocab);
      const Logits logits{dtype, vocab};
      const auto call = [&](const gpu::Kernels& kernels, const Arrays& on) {
        kernels.gather_log_probs({.logits = logits.rows(on),
                                  .log_probs_M = on[2].data_ptr<float>(),
                                  .normalisers_M = on[3].data_ptr<float>()},
                                 {});
      };
      expect_same(logits.arrays(), call, 1e-5);
    }
}

TEST_F(RowKernels, LogitGradientsComeInThePlaceOfLogits) {
  for (const auto dtype : both_dtypes)
    for (const std::int64_t vocab : {8, 4096 + 8, 1, 4097, 600}) {
      SCOPED_TRACE(vocab);
      const Logits logits{dtype, vocab};
      const auto call = [&](const gpu::Kernels& kernels, const Arrays& on) {
        kernels.logit_gradients({.logits = logits.rows(on),
                                 .normalisers_M = on[3].data_ptr<float>(),
                                 .gradients_M = on[2].data_ptr<float>()},
                                {});
      };
      auto arrays = logits.arrays();
      arrays[2] = at::randn({6});
      arrays[3] = at::logsumexp(arrays[0].to(at::kFloat), 1);
      expect_same(arrays, call, tolerance_of(dtype));
    }
}

}  // namespace
}  // namespace ballast
