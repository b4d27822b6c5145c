// Causal attention of packed sequences, forward and backward, in float32 whatever the elements are. N tokens, H heads,
// K heads of keys and values (head h sees key head h K / H), D elements per head.
#pragma once
#include <cstdint>
#include <vector>

#include "workers/cpu_kernels/elements.h"
#include "workers/cpu_kernels/product.h"

namespace ballast::cpu {

// The heads of keys and values and those of queries that see them, over one sequence: what is computed for itself.
struct AttentionPart {
  std::int64_t begin = 0;  // the sequence's first token
  std::int64_t length = 0;
  std::int64_t kv_head = 0;
};

// All tokens. Elements are float or Bfloat16.
template <typename Element>
struct PackedAttention {
  std::int64_t tokens = 0;  // N
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
  float scale = 1.0F;                         // of the scores
  std::int64_t window = 0;                    // keys that a query sees, itself included; 0: all before it
  const Element* qkv_NHD = nullptr;           // H heads of queries, K of keys, K of values
  Element* out_NHD = nullptr;                 // [N, H, D]; read by the backward pass
  float* normalisers_HN = nullptr;            // log of the sum of exp(scores), for the backward pass
  const Element* out_gradient_NHD = nullptr;  // backward only
  Element* qkv_gradient_NHD = nullptr;        // backward only
};

// Scratch memory of one thread.
class AttentionKernel {
 public:
  void forward(const PackedAttention<float>& attention, const AttentionPart& part);
  void forward(const PackedAttention<Bfloat16>& attention, const AttentionPart& part);
  void backward(const PackedAttention<float>& attention, const AttentionPart& part);
  void backward(const PackedAttention<Bfloat16>& attention, const AttentionPart& part);

 private:
  template <typename Element>
  void attend(const PackedAttention<Element>& attention, const AttentionPart& part);
  template <typename Element>
  void differentiate(const PackedAttention<Element>& attention, const AttentionPart& part);
  template <typename Element>
  void attend_head(const PackedAttention<Element>& attention, const AttentionPart& part, std::int64_t head);
  template <typename Element>
  void differentiate_head(const PackedAttention<Element>& attention, const AttentionPart& part, std::int64_t head);

  std::vector<float> q_LD_, k_LD_, v_LD_, out_LD_, gradient_LD_;
  std::vector<float> q_gradient_LD_, k_gradient_LD_, v_gradient_LD_;
  std::vector<float> scores_, score_gradients_, deltas_L_;
  Panels k_transposed_, v_transposed_, k_, v_, q_block_, gradient_block_;
};

}  // namespace ballast::cpu
