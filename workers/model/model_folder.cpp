#include "workers/model/model_folder.h"

#include "workers/model/atomic_file.h"
#include "workers/model/safetensors.h"

namespace ballast {

bool save_model_folder(const std::filesystem::path& folder, const ModelConfig& config, const Parameters& parameters,
                       const std::map<std::string, torch::Tensor>& buffers) {
  auto tensors = buffers;
  for (const Segment& segment : parameters.segments()) tensors.emplace(segment.spec.name, parameters.gathered(segment));
  if (parameters.zero().index() != 0) return false;
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tensors);
  AtomicFile config_file(folder / "config.json");
  config_file.write(to_json(config, parameters.dtype()).dump(2) + "\n");
  config_file.commit();
  return true;
}

}  // namespace ballast
