// The model that `ballast bench` measures: a Hugging Face folder, or a shape with random weights.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

#include "workers/model/model_source.h"

namespace ballast {

// A named shape ('S', 'M', 'llama-1.1b') or 'hidden=256,layers=4,heads=4,intermediate=1024,vocab=8192', to which
// kv_heads can be added (default: heads). Llamas. Throws UserError.
RandomModelConfig parse_shape(const std::string& text);

struct ModelChoice {
  std::filesystem::path folder;  // empty: the shape
  std::string shape = "S";
  ComputeDType dtype = ComputeDType::float32;
  bool activation_checkpointing = false;

  // 'S', or the folder
  std::string name() const { return folder.empty() ? shape : folder.string(); }
};
// A model for rows of up to `max_length` tokens. Throws UserError where the folder's model is not meant for so many, or
// is no language model.
ModelSource model_source(const ModelChoice& choice, std::int64_t max_length);

}  // namespace ballast
