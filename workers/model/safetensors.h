// Reads and writes safetensors. Files are mapped into memory, so a tensor costs nothing until its values are used.
#pragma once
#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workers/model/safetensors_header.h"

namespace ballast {

// One mapped file; unmapped with the last tensor that looks into it.
class MappedFile;

// A file, or all files of a model: FOLDER/model.safetensors, or the shards of FOLDER/model.safetensors.index.json.
class SafetensorsReader {
 public:
  // `path` is a file or a model folder. Throws SafetensorsError.
  explicit SafetensorsReader(const std::filesystem::path& path);

  std::vector<std::string> names() const;  // ascending
  bool contains(const std::string& name) const { return tensors_.contains(name); }

  // In its stored dtype and shape; shares the file's bytes and keeps them mapped. Throws std::out_of_range.
  torch::Tensor tensor(const std::string& name) const;
  const StoredTensor& stored(const std::string& name) const { return tensors_.at(name).stored; }
  // Which file the tensor is in; for messages.
  const std::filesystem::path& file_of(const std::string& name) const;

 private:
  struct Entry {
    std::shared_ptr<const MappedFile> file;
    StoredTensor stored;
  };
  void add_file(const std::filesystem::path& file);
  void add_shards(const std::filesystem::path& index);

  std::map<std::string, Entry> tensors_;
};

// A tensor that is asked for when it is its turn in the file.
struct PendingTensor {
  std::string name;
  torch::ScalarType dtype = torch::kFloat32;
  std::vector<std::int64_t> shape;
  std::function<torch::Tensor()> values;
};
PendingTensor pending(const std::string& name, const torch::Tensor& tensor);

// Largest elements first, as the reference implementation writes them, then by name.
std::vector<PendingTensor> in_file_order(std::vector<PendingTensor> tensors);

// Writes the tensors' values, in this order, with the metadata that transformers looks for. All bytes go to
// PATH.partial, which is synced and renamed: the file is complete or absent. Throws std::system_error.
void write_safetensors(const std::filesystem::path& path, const std::vector<PendingTensor>& tensors);
// The same in file order.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors);

}  // namespace ballast
