// The decoder of models in a GPU's memory. S slots, V = vocabulary.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "workers/generation/decoder.h"
#include "workers/generation/gpu_cache.h"
#include "workers/generation/gpu_pass.h"
#include "workers/generation/sampler.h"
#include "workers/generation/step_buffers.h"
#include "workers/generation/step_graph.h"

namespace ballast {

// A decode step is one recorded graph from tokens to choices; the host sends tokens, positions and draws and receives
// tokens and log-probs. Top-k, top-p and repetition penalty, which need a sort or the tokens so far, are left to the
// CPU's Sampler: then the logits come to the host in each step.
//
// A row's choices do not depend on what the other rows hold, but a prefill's products have as many rows as the prompts
// have tokens, and cuBLAS may sum in another order for another number of rows: unlike on the CPU, bits depend on which
// prompts enter together, which the command determines.
class GpuDecoder final : public Decoder {
 public:
  // `kernels` work where the model lies; they and the model outlive the decoder.
  GpuDecoder(const CausalLM& model, const DecoderSettings& settings, const gpu::Kernels& kernels);

  void begin(std::int64_t positions) override;
  std::vector<Choice> prefill(std::span<const Prefill> prefills) override;
  std::vector<Choice> decode(std::span<const Continuation> continuations) override;

 private:
  // [N, V] in what the model computes in.
  at::Tensor logits(const at::Tensor& hidden_NE) const { return at::linear(hidden_NE, head_VE_); }
  // [P, V] after the last token of each prompt, whose keys and values are then in the cache.
  at::Tensor prefill_logits(std::span<const Prefill> prefills);
  // Chooses for the first rows of the buffers.
  void sample(const at::Tensor& logits_NV);
  Choice choose_on_host(const at::Tensor& logits_V, const Situation& situation);

  const CausalLM& model_;
  const gpu::Kernels& kernels_;
  std::int64_t slots_;
  SamplingConfig sampling_;
  at::Tensor head_VE_;
  at::Tensor end_tokens_;
  std::unique_ptr<GpuPass> pass_;
  std::optional<Sampler> host_sampler_;  // where a filter asks for it
  StepBuffers buffers_;
  std::optional<GpuCache> cache_;     // from begin on
  std::unique_ptr<StepGraph> graph_;  // of decoding into this cache
  at::Tensor logits_SV_;              // of the last decode step
};

}  // namespace ballast
