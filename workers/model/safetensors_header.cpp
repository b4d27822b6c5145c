#include "workers/model/safetensors_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <utility>

namespace ballast {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors values are little-endian");

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t longest_header = 100'000'000;  // the limit of the reference implementation

constexpr std::array<std::pair<std::string_view, std::size_t>, 10> element_sizes{{
    {"F64", 8},
    {"F32", 4},
    {"F16", 2},
    {"BF16", 2},
    {"I64", 8},
    {"I32", 4},
    {"I16", 2},
    {"I8", 1},
    {"U8", 1},
    {"BOOL", 1},
}};

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw SafetensorsError(fmt::format("{}: {}", file.string(), what));
}

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view tensor, std::string_view what) {
  throw SafetensorsError(fmt::format("{}: tensor '{}': {}", file.string(), tensor, what));
}

std::string_view header_text(std::span<const std::byte> bytes, const std::filesystem::path& file) {
  if (bytes.size() < length_bytes)
    fail(file, fmt::format("found {} bytes; a safetensors file has at least {}", bytes.size(), length_bytes));
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), length_bytes);
  if (length > longest_header || length > bytes.size() - length_bytes)
    fail(file, fmt::format("found a header of {} bytes in a file of {}; it is truncated or not safetensors", length,
                           bytes.size()));
  return {reinterpret_cast<const char*>(bytes.data()) + length_bytes, length};
}

// nlohmann keeps the last of two equal keys, so they are watched for while it parses.
nlohmann::json parse_header_json(std::string_view text, const std::filesystem::path& file) {
  std::set<std::string> names;
  const auto watch = [&](int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    if (depth == 1 && event == nlohmann::json::parse_event_t::key && !names.insert(parsed.get<std::string>()).second)
      fail(file, parsed.get<std::string>(), "found twice in the header");
    return true;
  };
  nlohmann::json json = nlohmann::json::parse(text, watch, /*allow_exceptions=*/false);
  if (!json.is_object()) fail(file, "found a header that is not a JSON object");
  return json;
}

std::size_t natural(const nlohmann::json& value, const std::filesystem::path& file, const std::string& tensor) {
  constexpr auto largest = std::uint64_t{1} << 62;
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > largest)
    fail(file, tensor, fmt::format("found {} where a natural number is due", value.dump()));
  return value.get<std::size_t>();
}

std::size_t expected_bytes(const StoredTensor& stored, const std::filesystem::path& file, const std::string& tensor) {
  std::size_t product = safetensors_element_bytes(stored.dtype);
  for (const std::int64_t extent : stored.shape)
    if (__builtin_mul_overflow(product, static_cast<std::size_t>(extent), &product))
      fail(file, tensor, "found a shape with more elements than memory has bytes");
  return product;
}

// Offsets in the header count from the end of it; ours from the start of the file.
StoredTensor parse_entry(const nlohmann::json& entry, std::size_t data_begin, const std::filesystem::path& file,
                         const std::string& tensor) {
  const auto is_array = [&](const char* key) { return entry.contains(key) && entry.at(key).is_array(); };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.at("dtype").is_string() || !is_array("shape") ||
      !is_array("data_offsets") || entry.at("data_offsets").size() != 2)
    fail(file, tensor, "found an entry without dtype, shape and two data_offsets");
  StoredTensor stored{.dtype = entry.at("dtype").get<std::string>(), .shape = {}};
  if (safetensors_element_bytes(stored.dtype) == 0)
    fail(file, tensor,
         fmt::format("found dtype '{}'; allowed: F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL", stored.dtype));
  for (const nlohmann::json& extent : entry.at("shape"))
    stored.shape.push_back(static_cast<std::int64_t>(natural(extent, file, tensor)));
  stored.begin = data_begin + natural(entry.at("data_offsets")[0], file, tensor);
  stored.end = data_begin + natural(entry.at("data_offsets")[1], file, tensor);
  if (stored.end < stored.begin || stored.end - stored.begin != expected_bytes(stored, file, tensor))
    fail(file, tensor,
         fmt::format("found offsets {} that do not fit dtype {} and shape {}", entry.at("data_offsets").dump(),
                     stored.dtype, entry.at("shape").dump()));
  return stored;
}

void require_tiling(const std::map<std::string, StoredTensor>& tensors, std::span<const std::byte> bytes,
                    std::size_t data_begin, const std::filesystem::path& file) {
  std::vector<std::pair<std::pair<std::size_t, std::size_t>, std::string_view>> spans;
  for (const auto& [name, stored] : tensors) spans.push_back({{stored.begin, stored.end}, name});
  std::sort(spans.begin(), spans.end());
  std::size_t reached = data_begin;
  for (const auto& [span, name] : spans) {
    if (span.second > bytes.size())
      fail(file, name,
           fmt::format("found it to end at byte {} of a file of {}; the file is truncated", span.second, bytes.size()));
    if (span.first != reached) fail(file, name, "found a gap or an overlap before its bytes");
    reached = span.second;
  }
  if (reached != bytes.size()) fail(file, fmt::format("found {} bytes after the tensors", bytes.size() - reached));
}

}  // namespace

std::size_t safetensors_element_bytes(const std::string& dtype) {
  const auto row = std::find_if(element_sizes.begin(), element_sizes.end(),
                                [&](const auto& candidate) { return candidate.first == dtype; });
  return row == element_sizes.end() ? 0 : row->second;
}

std::map<std::string, StoredTensor> parse_safetensors_header(std::span<const std::byte> bytes,
                                                             const std::filesystem::path& file) {
  const std::string_view text = header_text(bytes, file);
  const std::size_t data_begin = length_bytes + text.size();
  const nlohmann::json json = parse_header_json(text, file);
  std::map<std::string, StoredTensor> tensors;
  for (const auto& [name, entry] : json.items())
    if (name != "__metadata__") tensors.emplace(name, parse_entry(entry, data_begin, file, name));
  require_tiling(tensors, bytes, data_begin, file);
  return tensors;
}

}  // namespace ballast
