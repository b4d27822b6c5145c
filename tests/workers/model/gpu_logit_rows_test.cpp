#include "workers/model/gpu_logit_rows.h"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace ballast {
namespace {

TEST(GpuLogitRows, AreLogSoftmaxAndItsGradientInTheLogitsPlace) {
  for (const auto dtype : {torch::kFloat32, torch::kBFloat16}) {
    torch::manual_seed(3);
    const torch::Tensor logits_MV = (torch::randn({9, 50}) * 3).to(dtype);
    const torch::Tensor ids_M = torch::randint(50, {9}, torch::kInt64), gradients_M = torch::randn({9});
    torch::Tensor leaf = logits_MV.to(torch::kFloat32).requires_grad_(true);
    const torch::Tensor expected_M = leaf.log_softmax(1).gather(1, ids_M.unsqueeze(1)).squeeze(1);
    const torch::Tensor expected_MV = torch::autograd::grad({(expected_M * gradients_M).sum()}, {leaf})[0];
    const auto found = row_log_probs(gpu::reference_kernels(), logits_MV, ids_M);
    EXPECT_TRUE(torch::allclose(found.log_probs_M, expected_M, 1e-5, 1e-5));
    const torch::Tensor gradient_MV =
        logit_gradient(gpu::reference_kernels(), logits_MV,
                       {.ids_M = ids_M, .normalisers_M = found.normalisers_M, .gradients_M = gradients_M});
    EXPECT_EQ(gradient_MV.data_ptr(), logits_MV.data_ptr());
    EXPECT_TRUE(torch::allclose(gradient_MV.to(torch::kFloat32), expected_MV, 1e-2, 1e-5));
  }
}

}  // namespace
}  // namespace ballast
