// The weights of Llama and its relatives, packed for decoding: of a model cut into shards, what one shard holds.
// E = hidden, V = vocabulary.
#pragma once
#include <vector>

#include "workers/cpu_kernels/packed_matrix.h"
#include "workers/model/causal_lm.h"
#include "workers/model/sharding.h"

namespace ballast {

// Norms stay where they are: they are the model's own, [E].
template <typename Element>
struct PackedLlamaLayer {
  const Element* attention_norm = nullptr;
  PackedMatrix<Element> qkv;  // outputs: heads of q, then of k, then of v
  PackedMatrix<Element> o;
  const Element* mlp_norm = nullptr;
  PackedMatrix<Element> gate_up;  // outputs: the gate, then what it lets through
  PackedMatrix<Element> down;
  AttentionSite site;
};

// So does the embedding: rows of it are read one by one.
template <typename Element>
struct PackedLlama {
  // Room for a model of this shape; nothing is taken in yet.
  PackedLlama(const ModelConfig& config, const Shard& shard);

  // Takes in the weights as they are now.
  void take(const CausalLM& model);

  IndexRange vocabulary;               // the ids that embedding and head are of
  const Element* embedding = nullptr;  // [V, E], the model's own
  std::vector<PackedLlamaLayer<Element>> layers;
  const Element* final_norm = nullptr;
  PackedMatrix<Element> head;
};

extern template struct PackedLlama<float>;
extern template struct PackedLlama<Bfloat16>;

// Bytes of that copy.
std::int64_t packed_llama_bytes(const ModelConfig& config, const Shard& shard, ComputeDType dtype);

}  // namespace ballast
