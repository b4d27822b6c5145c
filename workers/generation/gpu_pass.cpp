#include "workers/generation/gpu_pass.h"

#include "workers/generation/gpu_llama_pass.h"

namespace ballast {
namespace {

at::Tensor joined(const AttentionInput& input) {
  if (input.joined_NHD.defined()) return input.joined_NHD.contiguous();
  return at::cat({input.q_NHD, input.k_NKD, input.v_NKD}, 1);
}

class GpuBackbonePass final : public GpuPass {
 public:
  explicit GpuBackbonePass(const Backbone& backbone) : backbone_(backbone) {}

  at::Tensor hidden(const SlotRows& rows, const AttendRows& attend) const override {
    // An idle row computes something that nobody reads; it needs a position that exists.
    return backbone_.forward(
        rows.tokens_N, rows.positions_N.clamp_min(0),
        [&](const AttentionSite& site, const AttentionInput& input) { return attend(site, joined(input), {}); });
  }

 private:
  const Backbone& backbone_;
};

}  // namespace

std::unique_ptr<GpuPass> make_gpu_pass(const CausalLM& model, const gpu::Kernels& kernels) {
  if (model.config().family == Family::Gpt2) return std::make_unique<GpuBackbonePass>(model.backbone());
  return std::make_unique<GpuLlamaPass>(model, kernels);
}

}  // namespace ballast
