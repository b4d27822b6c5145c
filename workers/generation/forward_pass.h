// A model's forward pass while sequences grow, on the CPU. N rows, V = vocabulary; of a model cut into shards, each of
// which makes the same calls, the shard's block of it.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "workers/generation/kv_cache.h"
#include "workers/model/causal_lm.h"

namespace ballast {

// The tokens of a pass. Each finds the sequence that it continues in the cache or in the rows before it.
struct PassRows {
  std::vector<std::int64_t> tokens;  // [N]
  std::vector<CachePlace> places;    // [N]
};

class ForwardPass {
 public:
  virtual ~ForwardPass() = default;

  // Takes in the model's weights as they are, and makes room for sequences of so many tokens.
  virtual void begin(std::int64_t slots, std::int64_t positions) = 0;
  // Keeps all rows' keys and values; logits, float32 [wanted, V], after each of the wanted rows, which ascend. A row's
  // logits depend on its sequence alone: not on the other rows, nor on what was computed in one pass with it.
  virtual void run(const PassRows& rows, std::span<const std::int64_t> wanted, float* logits) = 0;
  // Gives slot `to` the first positions of the sequence in slot `from`.
  virtual void copy(std::int64_t from, std::int64_t to, std::int64_t positions) = 0;
};

// The model outlives the pass.
std::unique_ptr<ForwardPass> make_forward_pass(const CausalLM& model);

// What a pass is asked for.
struct PassSize {
  std::int64_t slots = 0;
  std::int64_t positions = 0;  // tokens that a sequence may have
  Shard shard = {};            // of the model
};

// What a pass keeps from `begin` on, in bytes.
struct PassMemory {
  std::int64_t packed_weights = 0;  // a copy in the order in which decoding reads them
  std::int64_t kv_cache = 0;
};
// `config`: of the whole model.
PassMemory pass_memory(const ModelConfig& config, ComputeDType dtype, const PassSize& size);

}  // namespace ballast
