#include "workers/model/gpu_logit_rows.h"

#include "workers/model/kernel_stream.h"

namespace ballast {
namespace {

gpu::LogitRows gpu_rows(const torch::Tensor& logits_MV, const torch::Tensor& ids_M) {
  TORCH_CHECK(logits_MV.is_contiguous() && ids_M.is_contiguous(), "found logits or ids with gaps");
  return {.logits_MV = logits_MV.data_ptr(),
          .dtype = compute_dtype_of(logits_MV),
          .rows = logits_MV.size(0),
          .vocab = logits_MV.size(1),
          .ids_M = ids_M.const_data_ptr<std::int64_t>()};
}

}  // namespace

RowLogProbs row_log_probs(const gpu::Kernels& kernels, const torch::Tensor& logits_MV, const torch::Tensor& ids_M) {
  const torch::Tensor log_probs_M = torch::empty({logits_MV.size(0)}, logits_MV.options().dtype(torch::kFloat32));
  const torch::Tensor normalisers_M = torch::empty_like(log_probs_M);
  kernels.gather_log_probs({.logits = gpu_rows(logits_MV, ids_M),
                            .log_probs_M = log_probs_M.mutable_data_ptr<float>(),
                            .normalisers_M = normalisers_M.mutable_data_ptr<float>()},
                           kernel_stream(logits_MV.device()));
  return {log_probs_M, normalisers_M};
}

torch::Tensor logit_gradient(const gpu::Kernels& kernels, const torch::Tensor& logits_MV, const RowGradients& rows) {
  const torch::Tensor normalisers_M = rows.normalisers_M.contiguous();
  const torch::Tensor gradients_M = rows.gradients_M.to(torch::kFloat32).contiguous();
  kernels.logit_gradients({.logits = gpu_rows(logits_MV, rows.ids_M),
                           .normalisers_M = normalisers_M.const_data_ptr<float>(),
                           .gradients_M = gradients_M.const_data_ptr<float>()},
                          kernel_stream(logits_MV.device()));
  return logits_MV;
}

}  // namespace ballast
