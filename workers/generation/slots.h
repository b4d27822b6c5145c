// The model's forward passes over slots: prefill and decode. S slots, V = vocabulary.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "workers/generation/decoder.h"
#include "workers/generation/kv_cache.h"
#include "workers/model/causal_lm.h"

namespace ballast {

// Every product of a pass has a multiple of 16 rows, the last of them padding, because fewer float32 rows have other
// bits: a sequence's logits do not depend on what else is in the pass.
class Slots {
 public:
  struct Shape {
    std::int64_t slots = 0;      // a multiple of 16
    std::int64_t positions = 0;  // tokens that a sequence may have
  };
  // The model outlives the slots.
  Slots(const CausalLM& model, const Shape& shape);

  // Logits [S, V], float32 and contiguous, after the last token of each prompt; the other slots' rows mean nothing.
  // The prompts go through the model by themselves, packed.
  at::Tensor prefill(std::span<const Prefill> prefills);
  // The same after one more token in some slots. Always S rows, idle slots are padding.
  at::Tensor decode(std::span<const Continuation> continuations);

 private:
  // Hidden states [N, E].
  at::Tensor forward(const std::vector<std::int64_t>& tokens, std::vector<CachePlace> places);

  const CausalLM& model_;
  KvCache cache_;
};

}  // namespace ballast
