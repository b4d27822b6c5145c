// The forward pass of any backbone, as training computes it, but for its attention over a cache.
#pragma once
#include <optional>

#include "workers/generation/forward_pass.h"

namespace ballast {

// Every product has a multiple of 16 rows, the last of them padding, because fewer float32 rows have other bits. Of a
// model cut into more than two shards bits depend on the number of rows all the same: the communicator orders the sums.
class BackbonePass final : public ForwardPass {
 public:
  explicit BackbonePass(const CausalLM& model) : model_(model) {}

  void begin(std::int64_t slots, std::int64_t positions) override;
  void run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) override;
  void copy(std::int64_t from, std::int64_t to, std::int64_t positions) override;

 private:
  const CausalLM& model_;
  std::optional<KvCache<float>> cache_;  // float32, whatever the model computes in
};

}  // namespace ballast
