#include "launch/bench/bench_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>

namespace ballast {
namespace {

struct NamedShape {
  std::string_view name;
  std::string_view shape;
};
constexpr std::array named_shapes{
    NamedShape{"S", "hidden=256,layers=4,heads=4,intermediate=1024,vocab=8192"},
    NamedShape{"M", "hidden=512,layers=8,heads=8,kv_heads=4,intermediate=1408,vocab=32000"},
    NamedShape{"llama-1.1b", "hidden=2048,layers=22,heads=32,kv_heads=4,intermediate=5632,vocab=32000"},
};

struct ShapeKey {
  std::string_view name;
  std::int64_t RandomModelConfig::*extent;
};
constexpr std::array shape_keys{
    ShapeKey{"hidden", &RandomModelConfig::hidden},
    ShapeKey{"layers", &RandomModelConfig::layers},
    ShapeKey{"heads", &RandomModelConfig::heads},
    ShapeKey{"kv_heads", &RandomModelConfig::kv_heads},
    ShapeKey{"intermediate", &RandomModelConfig::intermediate},
    ShapeKey{"vocab", &RandomModelConfig::vocab},
};

[[noreturn]] void refuse(std::string_view found) {
  throw UserError(fmt::format(
      "--shape: found '{}'; allowed: S, M, llama-1.1b, or positive numbers for all of hidden, layers, heads, "
      "intermediate, vocab and, if need be, kv_heads, as in hidden=256,layers=4",
      found));
}

std::int64_t parse_extent(std::string_view text, std::string_view found) {
  std::int64_t extent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
  if (error != std::errc() || end != text.data() + text.size() || extent < 1) refuse(found);
  return extent;
}

void read_part(std::string_view part, RandomModelConfig& shape) {
  const auto equals = part.find('=');
  const auto key = std::ranges::find(shape_keys, part.substr(0, equals), &ShapeKey::name);
  if (equals == std::string_view::npos || key == shape_keys.end()) refuse(part);
  shape.*(key->extent) = parse_extent(part.substr(equals + 1), part);
}

}  // namespace

RandomModelConfig parse_shape(const std::string& text) {
  const auto named = std::ranges::find(named_shapes, text, &NamedShape::name);
  RandomModelConfig shape;
  for (const auto& key : shape_keys) shape.*(key.extent) = 0;
  std::istringstream parts{std::string(named == named_shapes.end() ? text : named->shape)};
  for (std::string part; std::getline(parts, part, ',');) read_part(part, shape);
  if (shape.kv_heads == 0) shape.kv_heads = shape.heads;
  for (const auto& key : shape_keys) {
    if (shape.*(key.extent) == 0) refuse(text);
  }
  return shape;
}

ModelSource model_source(const ModelChoice& choice, std::int64_t max_length) {
  ModelSource source{.dtype = choice.dtype, .activation_checkpointing = choice.activation_checkpointing};
  if (choice.folder.empty()) {
    source.random = parse_shape(choice.shape);
    source.random->max_length = max_length;
    model_config(source);  // heads that do not divide hidden, and the like
    return source;
  }
  source.path = choice.folder;
  const auto config = model_config(source);
  if (!config.is_causal_lm()) {
    throw UserError(
        fmt::format("--model: found a score model in {}; allowed: a causal language model", choice.folder.string()));
  }
  if (config.max_positions < max_length) {
    throw UserError(fmt::format("--prompt and --new: found {} tokens together; allowed: {}, the positions of {}",
                                max_length, config.max_positions, choice.folder.string()));
  }
  return source;
}

}  // namespace ballast
