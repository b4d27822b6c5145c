// Reads and writes safetensors. Files are mapped into memory, so a tensor costs nothing until its values are used.
#pragma once
#include <torch/types.h>

#include <filesystem>
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

// Writes the tensors' values with the metadata that transformers looks for. All bytes go to PATH.partial, which is
// synced and renamed: the file is complete or absent. Throws std::system_error.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors);

}  // namespace ballast
