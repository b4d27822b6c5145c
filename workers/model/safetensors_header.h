// The header of a safetensors file: 8 bytes of length, JSON that names the tensors, then their bytes. No torch.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "workers/user_error.h"

namespace ballast {

// A safetensors file that is damaged or cannot be read; the text names file and tensor.
struct SafetensorsError : UserError {
  using UserError::UserError;
};

// Bytes [begin, end) of the file hold the values, row-major and little-endian.
struct StoredTensor {
  std::string dtype;  // as the format spells it: F32, BF16, I64, ...
  std::vector<std::int64_t> shape;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Size of one element; 0 for a dtype that we do not know.
std::size_t safetensors_element_bytes(const std::string& dtype);

// Checks everything that the format demands: the tensors tile the data without gap, overlap or rest, their bytes agree
// with shape and dtype, no name comes twice. Throws SafetensorsError; `file` is for messages.
std::map<std::string, StoredTensor> parse_safetensors_header(std::span<const std::byte> bytes,
                                                             const std::filesystem::path& file);

}  // namespace ballast
