// GPT-2: learned absolute positions, LayerNorm, projections stored as [in, out].
#pragma once
#include <memory>
#include <vector>

#include "workers/model/backbone.h"
#include "workers/model/model_config.h"
#include "workers/model/parameters.h"

namespace ballast {

// All parameters but the head's.
std::vector<ParameterSpec> gpt2_parameters(const ModelConfig& config);

std::unique_ptr<Backbone> make_gpt2(const ModelConfig& config, const Parameters& parameters);

}  // namespace ballast
