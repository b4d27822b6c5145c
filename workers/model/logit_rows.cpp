#include "workers/model/logit_rows.h"

#include <ATen/Parallel.h>

#include "workers/cpu_kernels/softmax_rows.h"
#include "workers/model/cpu_kernel.h"
#include "workers/model/gpu_logit_rows.h"

namespace ballast {
namespace {

torch::Tensor raised(const torch::Tensor& logits_MV) {
  return logits_MV.to(at::promote_types(logits_MV.scalar_type(), torch::kFloat32));
}

// Calls body with some of the rows, from row `begin` on; threads share them.
template <typename Body>
void for_row_ranges(const torch::Tensor& logits_MV, const torch::Tensor& ids_M, const Body& body) {
  const std::int64_t V = logits_MV.size(1);
  at::parallel_for(0, logits_MV.size(0), /*grain_size=*/16, [&](std::int64_t begin, std::int64_t end) {
    by_element(logits_MV, [&]<typename Element>(Element) {
      body(cpu::LogitRows<Element>{.rows = end - begin,
                                   .vocab = V,
                                   .logits_MV = data_of<Element>(logits_MV) + begin * V,
                                   .ids_M = ids_M.const_data_ptr<std::int64_t>() + begin},
           begin);
    });
  });
}

}  // namespace

RowLogProbs row_log_probs(const torch::Tensor& logits_MV, const torch::Tensor& ids_M) {
  if (logits_MV.is_cuda()) return row_log_probs(*gpu::cuda_kernels(), logits_MV, ids_M);
  if (!suits_cpu_kernels(logits_MV)) {
    const torch::Tensor logits = raised(logits_MV);
    const torch::Tensor normalisers_M = logits.logsumexp(1);
    return {logits.gather(1, ids_M.unsqueeze(1)).squeeze(1) - normalisers_M, normalisers_M};
  }
  const torch::Tensor log_probs_M = torch::empty({logits_MV.size(0)}, torch::kFloat32);
  const torch::Tensor normalisers_M = torch::empty_like(log_probs_M);
  for_row_ranges(logits_MV, ids_M, [&](const auto& rows, std::int64_t begin) {
    cpu::token_log_probs(rows, data_of<float>(log_probs_M) + begin, data_of<float>(normalisers_M) + begin);
  });
  return {log_probs_M, normalisers_M};
}

// d log p(id) / d logits = onehot(id) - softmax(logits).
torch::Tensor logit_gradient(torch::Tensor logits_MV, const RowGradients& rows) {
  if (logits_MV.is_cuda()) return logit_gradient(*gpu::cuda_kernels(), logits_MV, rows);
  if (!suits_cpu_kernels(logits_MV)) {
    torch::Tensor gradient_MV =
        (raised(logits_MV) - rows.normalisers_M.unsqueeze(1)).exp_().mul_(-rows.gradients_M.unsqueeze(1));
    const torch::Tensor of_ids_M = rows.gradients_M.masked_fill(rows.ids_M < 0, 0.0);
    gradient_MV.scatter_add_(1, rows.ids_M.clamp_min(0).unsqueeze(1), of_ids_M.unsqueeze(1));
    return gradient_MV.to(logits_MV.scalar_type());
  }
  for_row_ranges(logits_MV, rows.ids_M, [&](const auto& range, std::int64_t begin) {
    cpu::logit_gradients(range, data_of<float>(rows.normalisers_M) + begin, data_of<float>(rows.gradients_M) + begin);
  });
  return logits_MV;
}

}  // namespace ballast
