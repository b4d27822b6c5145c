// How long a rank works on a model: floating-point operations against the device's products, bytes against its memory.
#pragma once
#include "orchestrator/collective_time.h"

namespace ballast {

// Kernels of a layer that follow each other: norms, products, rotary embedding, attention, gate.
inline constexpr double kernels_of_layer = 12.0;

// A model, as its costs see it. Sizes count elements of the whole model, whatever the number of its shards.
struct ModelShape {
  double layers = 0.0;
  double hidden = 0.0;
  double query_width = 0.0;    // heads x size of a head
  double key_width = 0.0;      // the same of keys, and of values
  double layer_weights = 0.0;  // of the matrices of one layer
  double head_weights = 0.0;   // of what makes logits, or a score, of a state
  double parameters = 0.0;     // all of them, embeddings included
  bool half = false;           // computes in bfloat16
  bool checkpointing = false;  // the backward pass computes the forward pass again
  double cache_element = 4.0;  // bytes of a number in the cache of keys and values

  double element() const { return half ? 2.0 : 4.0; }
};

// Rows of equal length, from their first token to their last.
struct Rows {
  double rows = 0.0;
  double tokens = 0.0;  // of each
  double logits = 0.0;  // of each: tokens that the language model's head works on
};

// Rows of equal length whose prompts are continued.
struct Decoding {
  double rows = 0.0;
  double prompt = 0.0;    // tokens
  double response = 0.0;  // tokens
  double slots = 0.0;     // sequences that grow at once
};

// Of one rank of the T that hold a model together. Collectives inside the model count as an exchange.
class ModelTime {
 public:
  ModelTime(const ModelShape& shape, Spread shards, const Cluster& cluster);

  // N tokens: 2 N (L W + share with logits x head) + 4 L Q sum over rows of n (n + 1) / 2 operations, over T; in each
  // layer two all-gathers and two reduce-scatters of [N, hidden].
  StepCost forward(const Rows& rows) const;
  // Twice the forward pass, and once more where activations were not kept.
  StepCost backward(const Rows& rows) const;
  // Prefill of all prompts, then rows / slots waves of decode steps. A step takes every slot through the model, reads
  // all weights and the slots' keys and values so far, and takes as long as the slower of memory and products; in each
  // layer two all-reduces of [slots, hidden].
  StepCost generate(const Decoding& decoding) const;
  // AdamW on one `parts`-th of the rank's parameters: reads value, gradient and both moments and writes all but the
  // gradient, in float32; beside bfloat16 layers one cast of what it has.
  StepCost update(double parts) const;
  // Of the rank's parameters, float32.
  double gradient_bytes() const { return 4.0 * shape_.parameters / shards(); }
  // Of the rank's parameters, as layers read them.
  double value_bytes() const { return shape_.element() * shape_.parameters / shards(); }

 private:
  double shards() const { return static_cast<double>(shards_.ranks); }
  double product_seconds(double flops) const;
  double memory_seconds(double bytes) const;
  StepCost between_shards(const Exchange& exchange, double times) const;

  ModelShape shape_;
  Spread shards_;
  Cluster cluster_;
};

}  // namespace ballast
