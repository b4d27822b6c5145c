// The weights of Llama and its relatives, packed for decoding. E = hidden, D = head_dim, F = D / 2.
#pragma once
#include <vector>

#include "workers/cpu_kernels/packed_matrix.h"
#include "workers/model/causal_lm.h"

namespace ballast {

template <typename Element>
struct PackedLlamaLayer {
  AlignedVector<float> attention_norm;  // [E], filled up to whole lanes
  PackedMatrix<Element> qkv;            // outputs: heads of q, then of k, then of v
  PackedMatrix<Element> o;
  AlignedVector<float> mlp_norm;
  PackedMatrix<Element> gate;
  PackedMatrix<Element> up;
  PackedMatrix<Element> down;
  AttentionSite site;
};

// The embedding stays where it is: rows of it are read one by one.
template <typename Element>
struct PackedLlama {
  // Room for a model of this shape; nothing is taken in yet.
  explicit PackedLlama(const ModelConfig& config);

  // Takes in the weights as they are now.
  void take(const CausalLM& model);

  const Element* embedding = nullptr;  // [V, E], the model's own
  std::vector<PackedLlamaLayer<Element>> layers;
  AlignedVector<float> final_norm;
  PackedMatrix<Element> head;
};

extern template struct PackedLlama<float>;
extern template struct PackedLlama<Bfloat16>;

// Bytes of that copy.
std::int64_t packed_llama_bytes(const ModelConfig& config, ComputeDType dtype);

}  // namespace ballast
