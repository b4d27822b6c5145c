// Writes a Hugging Face model folder.
#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "workers/model/model_config.h"
#include "workers/model/parameters.h"
#include "workers/model/shards.h"

namespace ballast {

struct ModelToSave {
  const ModelConfig& config;
  const Parameters& parameters;
  std::map<std::string, torch::Tensor> buffers = {};  // saved beside the parameters; every shard has them whole
};

// config.json and model.safetensors, each complete or absent, in a folder that is made if need be. The parameters'
// values are saved as they are held. All ranks that hold the model together call it, and the first one writes: what it
// gathers is one tensor at a time, and the files are those of the whole model. Whether this rank did. Throws
// std::system_error.
bool save_model_folder(const std::filesystem::path& folder, const ModelToSave& model);

}  // namespace ballast
