#include "workers/model/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "workers/model/atomic_file.h"
#include "workers/model/mapped_file.h"

namespace ballast {
namespace {

constexpr std::array<std::pair<const char*, torch::ScalarType>, 10> dtypes{{
    {"F64", torch::kFloat64},
    {"F32", torch::kFloat32},
    {"F16", torch::kFloat16},
    {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},
    {"I32", torch::kInt32},
    {"I16", torch::kInt16},
    {"I8", torch::kInt8},
    {"U8", torch::kUInt8},
    {"BOOL", torch::kBool},
}};

torch::ScalarType torch_dtype(const std::string& name) {
  const auto row = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& entry) { return entry.first == name; });
  TORCH_CHECK(row != dtypes.end(), "no dtype is named ", name);
  return row->second;
}

const char* dtype_name(torch::ScalarType dtype) {
  const auto row = std::find_if(dtypes.begin(), dtypes.end(), [&](const auto& entry) { return entry.second == dtype; });
  TORCH_CHECK(row != dtypes.end(), "safetensors has no dtype ", dtype);
  return row->first;
}

std::shared_ptr<const MappedFile> map_file(const std::filesystem::path& path) {
  try {
    return std::make_shared<MappedFile>(path);
  } catch (const std::system_error& error) {
    throw SafetensorsError(fmt::format("{}: cannot be read: {}", path.string(), error.code().message()));
  }
}

// weight_map of the index: tensor name -> file name.
nlohmann::json read_weight_map(const std::filesystem::path& index) {
  std::ifstream stream(index);
  nlohmann::json json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("weight_map") || !json.at("weight_map").is_object())
    throw SafetensorsError(index.string() + ": found no JSON object with a weight_map");
  for (const auto& [name, file] : json.at("weight_map").items())
    if (!file.is_string() || std::filesystem::path(file.get<std::string>()).has_parent_path())
      throw SafetensorsError(fmt::format("{}: tensor '{}': found {}; allowed: a file of the same folder",
                                         index.string(), name, file.dump()));
  return json.at("weight_map");
}

std::size_t bytes_of(const PendingTensor& tensor) {
  return c10::multiply_integers(tensor.shape) * c10::elementSize(tensor.dtype);
}

std::string header_of(const std::vector<PendingTensor>& tensors) {
  nlohmann::json json = {{"__metadata__", {{"format", "pt"}}}};
  std::size_t offset = 0;
  for (const PendingTensor& tensor : tensors) {
    const std::size_t end = offset + bytes_of(tensor);
    json[tensor.name] = {{"dtype", dtype_name(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data starts at a multiple of 8
  return text;
}

}  // namespace

SafetensorsReader::SafetensorsReader(const std::filesystem::path& path) {
  const auto index = path / "model.safetensors.index.json";
  if (!std::filesystem::is_directory(path)) {
    add_file(path);
  } else if (std::filesystem::exists(path / "model.safetensors") || !std::filesystem::exists(index)) {
    add_file(path / "model.safetensors");
  } else {
    add_shards(index);
  }
}

void SafetensorsReader::add_file(const std::filesystem::path& path) {
  const auto file = map_file(path);
  for (auto& [name, stored] : parse_safetensors_header(file->bytes(), path)) {
    const auto [entry, is_new] = tensors_.emplace(name, Entry{.file = file, .stored = stored});
    if (!is_new)
      throw SafetensorsError(
          fmt::format("{}: tensor '{}': found in {} too", path.string(), name, entry->second.file->path().string()));
  }
}

void SafetensorsReader::add_shards(const std::filesystem::path& index) {
  const nlohmann::json weight_map = read_weight_map(index);
  std::set<std::string> files;
  for (const auto& item : weight_map.items()) files.insert(item.value().get<std::string>());
  for (const std::string& file : files) add_file(index.parent_path() / file);
  for (const auto& [name, file] : weight_map.items())
    if (!contains(name) || file_of(name).filename() != file.get<std::string>())
      throw SafetensorsError(fmt::format("{}: tensor '{}': not found in {}", index.string(), name, file.dump()));
}

std::vector<std::string> SafetensorsReader::names() const {
  std::vector<std::string> names;
  for (const auto& entry : tensors_) names.push_back(entry.first);
  return names;
}

torch::Tensor SafetensorsReader::tensor(const std::string& name) const {
  const Entry& entry = tensors_.at(name);
  const auto options = torch::TensorOptions(torch_dtype(entry.stored.dtype));
  std::byte* data = entry.file->bytes().data() + entry.stored.begin;
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % safetensors_element_bytes(entry.stored.dtype) == 0;
  if (aligned)
    return torch::from_blob(
        data, entry.stored.shape, [file = entry.file](void*) {}, options);
  torch::Tensor copy = torch::empty(entry.stored.shape, options);
  std::copy(data, data + copy.nbytes(), static_cast<std::byte*>(copy.mutable_data_ptr()));
  return copy;
}

const std::filesystem::path& SafetensorsReader::file_of(const std::string& name) const {
  return tensors_.at(name).file->path();
}

PendingTensor pending(const std::string& name, const torch::Tensor& tensor) {
  return {.name = name, .dtype = tensor.scalar_type(), .shape = tensor.sizes().vec(), .values = [=] { return tensor; }};
}

// Every tensor is then aligned to its elements.
std::vector<PendingTensor> in_file_order(std::vector<PendingTensor> tensors) {
  const auto key = [](const PendingTensor& tensor) {
    return std::pair(-static_cast<int>(c10::elementSize(tensor.dtype)), tensor.name);
  };
  std::ranges::sort(tensors, {}, key);
  return tensors;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<PendingTensor>& tensors) {
  const std::string header = header_of(tensors);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), sizeof length});
  file.write(header);
  for (const PendingTensor& tensor : tensors) {
    const torch::Tensor values = tensor.values().detach().contiguous().cpu();
    TORCH_CHECK(values.nbytes() == bytes_of(tensor), tensor.name, " is not what the header says");
    file.write({static_cast<const char*>(values.const_data_ptr()), values.nbytes()});
  }
  file.commit();
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors) {
  std::vector<PendingTensor> all;
  for (const auto& [name, tensor] : tensors) all.push_back(pending(name, tensor));
  write_safetensors(path, in_file_order(std::move(all)));
}

}  // namespace ballast
