// The forward pass of Llama and its relatives (Mistral, Qwen2) with kernels of our own for a few rows.
#pragma once
#include <memory>

#include "workers/generation/forward_pass.h"

namespace ballast {

// Computes with a packed copy of the weights (packed_llama.h), which `begin` makes anew after they have changed. The
// cache holds what the model computes in. Results are rounded where the model's own forward pass rounds.
std::unique_ptr<ForwardPass> make_llama_pass(const CausalLM& model);

}  // namespace ballast
