#include "workers/model/model_folder.h"

#include "workers/model/atomic_file.h"
#include "workers/model/parameter_slices.h"
#include "workers/model/safetensors.h"

namespace ballast {
namespace {

std::vector<PendingTensor> tensors_of(const ModelToSave& model) {
  const auto dtype = model.parameters.dtype() == ComputeDType::float32 ? torch::kFloat32 : torch::kBFloat16;
  std::vector<PendingTensor> tensors;
  for (const auto& [name, buffer] : model.buffers) tensors.push_back(pending(name, buffer));
  for (const Segment& segment : model.parameters.segments())
    tensors.push_back({.name = segment.spec.name, .dtype = dtype, .shape = segment.spec.whole_shape(), .values = [&] {
                         return whole_parameter(model.parameters, segment);
                       }});
  return in_file_order(std::move(tensors));
}

}  // namespace

bool save_model_folder(const std::filesystem::path& folder, const ModelToSave& model) {
  const auto tensors = tensors_of(model);
  if (model.parameters.shards().index() > 0 || model.parameters.zero().index() > 0) {
    for (const PendingTensor& tensor : tensors) tensor.values();
    return false;
  }
  std::filesystem::create_directories(folder);
  write_safetensors(folder / "model.safetensors", tensors);
  AtomicFile config_file(folder / "config.json");
  config_file.write(to_json(model.config, model.parameters.dtype()).dump(2) + "\n");
  config_file.commit();
  return true;
}

}  // namespace ballast
