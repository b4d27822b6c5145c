#include "workers/generation/end_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace ballast {
namespace {

constexpr const char* field = "eos_token_id";

// Of a file's JSON; nothing where the field is absent or null.
std::optional<std::vector<std::int64_t>> ids_in(const nlohmann::json& json, const std::string& file) {
  const auto found = json.find(field);
  if (found == json.end() || found->is_null()) return std::nullopt;
  std::vector<std::int64_t> ids;
  for (const auto& id : found->is_array() ? *found : nlohmann::json::array({*found})) {
    if (!id.is_number_integer())
      throw ModelError(
          fmt::format("{}: field '{}': found {}; allowed: an id or a list of ids", file, field, found->dump()));
    ids.push_back(id.get<std::int64_t>());
  }
  return ids;
}

std::optional<std::vector<std::int64_t>> ids_in_generation_config(const std::filesystem::path& folder) {
  const auto file = folder / "generation_config.json";
  std::ifstream stream(file);
  if (!stream) return std::nullopt;
  const auto json = nlohmann::json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw ModelError(file.string() + ": found no JSON object; allowed: a JSON object");
  return ids_in(json, file.string());
}

}  // namespace

std::vector<std::int64_t> end_tokens_of(const ModelSource& source, const ModelConfig& config,
                                        const std::optional<std::vector<std::int64_t>>& given) {
  const auto outside = [&](std::int64_t id) { return id < 0 || id >= config.vocab; };
  if (given) {
    const auto wrong = std::find_if(given->begin(), given->end(), outside);
    if (wrong == given->end()) return *given;
    throw ModelError(
        fmt::format("sampling.eos_tokens: found {}; the model has ids from 0 to {}", *wrong, config.vocab - 1));
  }
  std::optional<std::vector<std::int64_t>> ids;
  if (source.path) ids = ids_in_generation_config(*source.path);
  if (!ids) ids = ids_in(config.original, source.path ? (*source.path / "config.json").string() : "model.random");
  if (!ids) return {};
  std::erase_if(*ids, outside);
  return *ids;
}

bool ends(std::span<const std::int64_t> response, const std::vector<std::int64_t>& end_tokens) {
  return !response.empty() && std::ranges::find(end_tokens, response.back()) != end_tokens.end();
}

}  // namespace ballast
