// A model's forward pass over the decoder's rows on a GPU. N rows, E = hidden.
#pragma once
#include <memory>

#include "workers/generation/gpu_attention.h"
#include "workers/model/causal_lm.h"

namespace ballast {

// Sees the weights as they are at each call, always in the same place.
class GpuPass {
 public:
  virtual ~GpuPass() = default;

  // [N, E] after the final norm.
  virtual at::Tensor hidden(const SlotRows& rows, const AttendRows& attend) const = 0;
};

// Llama and what differs from it in settings only: fused projections, our kernels between the products. Another family
// goes through its backbone. Model and kernels outlive the pass.
std::unique_ptr<GpuPass> make_gpu_pass(const CausalLM& model, const gpu::Kernels& kernels);

}  // namespace ballast
