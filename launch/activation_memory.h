// What a model's passes hold in memory beside its parameters, from its shape alone. No torch.
#pragma once
#include <cstdint>

#include "workers/model/model_config.h"

namespace ballast {

// One pass over packed tokens.
struct PassShape {
  const ModelConfig& model;
  std::int64_t shards = 1;  // that hold the model together; the sizes are of one of them
  ComputeDType dtype = ComputeDType::float32;
  bool on_gpu = false;
  bool checkpointing = false;
  std::int64_t tokens = 0;  // of all its rows
};

// In bytes. Sums of what lives at one time, read off the layers' code (workers/model): within a few percent.
struct ActivationMemory {
  std::int64_t kept = 0;      // from a forward pass until its backward pass
  std::int64_t training = 0;  // the most during both, what is kept included
  std::int64_t scoring = 0;   // the most during a forward pass that keeps nothing
  std::int64_t decoding = 0;  // what a CPU's decoder computes in, for its whole life
};

// Of a language model, log-probs or loss of every token included.
ActivationMemory language_model_activations(const PassShape& shape);
// Of a model with a score head.
ActivationMemory score_model_activations(const PassShape& shape);

// `decoding` of that many slots.
std::int64_t decoding_rows_bytes(const PassShape& shape, std::int64_t slots);

}  // namespace ballast
