// Writes a Hugging Face model folder.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "workers/model/model_config.h"
#include "workers/model/parameters.h"

namespace ballast {

// config.json and model.safetensors, each complete or absent, in a folder that is made if need be. The parameters'
// values are saved as they are held, `buffers` beside them. Where replicas hold them together, all of them call it and
// the first one writes. Whether this rank did. Throws std::system_error.
bool save_model_folder(const std::filesystem::path& folder, const ModelConfig& config, const Parameters& parameters,
                       const std::map<std::string, torch::Tensor>& buffers);

}  // namespace ballast
