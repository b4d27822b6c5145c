// logit_rows by the kernels of a GPU: nothing of the logits' shape is ever float32.
#pragma once
#include "workers/gpu_kernels/kernels.h"
#include "workers/model/logit_rows.h"

namespace ballast {

// `kernels` work where the logits lie, contiguous, float32 or bfloat16. Log-probs and normalisers are float32.
RowLogProbs row_log_probs(const gpu::Kernels& kernels, const torch::Tensor& logits_MV, const torch::Tensor& ids_M);

// In the place of the logits, which it returns.
torch::Tensor logit_gradient(const gpu::Kernels& kernels, const torch::Tensor& logits_MV, const RowGradients& rows);

}  // namespace ballast
