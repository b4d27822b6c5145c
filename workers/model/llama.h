// Llama, and what differs from it in settings only: Mistral (sliding window) and Qwen2 (biases of q, k and v).
#pragma once
#include <memory>
#include <vector>

#include "workers/model/backbone.h"
#include "workers/model/model_config.h"
#include "workers/model/parameters.h"
#include "workers/model/shards.h"

namespace ballast {

// All parameters of one shard but the head's. Throws ModelError if the model cannot be cut so.
std::vector<ParameterSpec> llama_parameters(const ModelConfig& config, const Shard& shard);

std::unique_ptr<Backbone> make_llama(const ModelConfig& config, const Parameters& parameters);

}  // namespace ballast
