// The decoder of models in a GPU's memory. S slots, V = vocabulary, B = the block of it that a shard has.
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
//
// Of a model cut into shards, shard 0 chooses. Its step is not recorded: communicators submit from a thread of their
// own.
class GpuDecoder final : public Decoder {
 public:
  // `kernels` work where the model lies; they and the model outlive the decoder.
  GpuDecoder(const CausalLM& model, const DecoderSettings& settings, const gpu::Kernels& kernels);

  void begin(std::int64_t positions) override;
  std::vector<Choice> prefill(std::span<const Prefill> prefills) override;
  std::vector<Choice> decode(std::span<const Continuation> continuations) override;

 private:
  // [N, V] in what the model computes in; of a model cut into shards on the first alone, else undefined.
  at::Tensor logits(const at::Tensor& hidden_NE) const;
  // Those after the last token of each prompt, whose keys and values are then in the cache.
  at::Tensor prefill_logits(std::span<const Prefill> prefills);
  bool chooses() const { return model_.shards().index() == 0; }
  bool chooses_on_device() const { return chooses() && !host_sampler_; }
  // Chooses for the first rows of the buffers.
  void sample(const at::Tensor& logits_NV);
  // A row of logits, and what its choice depends on besides.
  struct LogitRow {
    std::int64_t index = 0;
    const Situation& situation;
  };
  // The choice for each of the rows, by the host's sampler or as the device has sampled; every shard's is the first
  // one's.
  std::vector<Choice> choices(std::span<const LogitRow> rows, const at::Tensor& logits_NV);

  const CausalLM& model_;
  const gpu::Kernels& kernels_;
  std::int64_t slots_;
  SamplingConfig sampling_;
  at::Tensor head_BE_;
  at::Tensor end_tokens_;
  std::unique_ptr<GpuPass> pass_;
  std::optional<Sampler> host_sampler_;  // where a filter asks for it
  StepBuffers buffers_;
  std::optional<GpuCache> cache_;     // from begin on
  std::unique_ptr<StepGraph> graph_;  // of decoding into this cache
  at::Tensor logits_SV_;              // of the last decode step
};

}  // namespace ballast
