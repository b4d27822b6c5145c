#include "workers/model/weights.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "workers/model/model_config.h"

namespace ballast {
namespace {

// FNV-1a over the seed's bytes and the name, then the finaliser of MurmurHash3 to spread it over all bits.
std::uint64_t seed_of(std::string_view name, std::int64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (int i = 0; i < 8; ++i) mix(static_cast<std::uint8_t>(static_cast<std::uint64_t>(seed) >> (8 * i)));
  for (const char c : name) mix(static_cast<std::uint8_t>(c));
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccd;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53;
  return hash ^ (hash >> 33);
}

bool is_obsolete_buffer(const std::string& name) {
  return name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias");
}

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The names under which a checkpoint may have this parameter, likeliest first.
std::vector<std::string> candidates(const ParameterSpec& spec, const CheckpointTolerance& tolerance) {
  const auto renamed = tolerance.stored_names.find(spec.name);
  std::vector<std::string> names{renamed == tolerance.stored_names.end() ? spec.name : renamed->second};
  for (const std::string_view prefix : {"model.", "transformer."})
    if (spec.name.starts_with(prefix)) names.push_back(spec.name.substr(prefix.size()));
  if (!spec.alias.empty()) names.push_back(spec.alias);
  return names;
}

void copy_tensor(const SafetensorsReader& reader, const std::string& stored_name, torch::Tensor parameter) {
  const StoredTensor& stored = reader.stored(stored_name);
  const std::string place = fmt::format("{}: tensor '{}'", reader.file_of(stored_name).string(), stored_name);
  if (stored.shape != parameter.sizes())
    throw ModelError(fmt::format("{}: found shape [{}]; expected [{}]", place, fmt::join(stored.shape, ", "),
                                 fmt::join(parameter.sizes(), ", ")));
  if (stored.dtype != "F32" && stored.dtype != "BF16" && stored.dtype != "F16")
    throw ModelError(fmt::format("{}: found dtype {}; expected F32, BF16 or F16", place, stored.dtype));
  const torch::NoGradGuard no_grad;
  parameter.copy_(reader.tensor(stored_name));
}

}  // namespace

void initialise(Parameters& parameters, const Segment& segment, std::int64_t seed) {
  const torch::NoGradGuard no_grad;
  torch::Tensor parameter = parameters.at(segment.spec.name);
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed_of(segment.spec.name, seed));
  if (segment.spec.initial_std > 0.0)
    parameter.normal_(segment.spec.initial_mean, segment.spec.initial_std, generator);
  else
    parameter.fill_(segment.spec.initial_mean);
}

void initialise(Parameters& parameters, std::int64_t seed) {
  for (const Segment& segment : parameters.segments()) initialise(parameters, segment, seed);
}

void load_weights(const SafetensorsReader& reader, Parameters& parameters, const CheckpointTolerance& tolerance) {
  std::set<std::string> used;
  const std::vector<std::string> stored_names = reader.names();
  const std::string file = stored_names.empty() ? "checkpoint" : reader.file_of(stored_names.front()).string();
  for (const Segment& segment : parameters.segments()) {
    const auto names = candidates(segment.spec, tolerance);
    used.insert(names.begin(), names.end());
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& name) { return reader.contains(name); });
    if (found != names.end()) {
      copy_tensor(reader, *found, parameters.at(segment.spec.name));
    } else if (!among(tolerance.optional, segment.spec.name)) {
      throw ModelError(fmt::format("{}: tensor '{}': found none; expected shape [{}]", file, names.front(),
                                   fmt::join(segment.spec.shape, ", ")));
    }
  }
  for (const std::string& name : stored_names)
    if (!used.contains(name) && !is_obsolete_buffer(name) && !among(tolerance.ignored, name))
      throw ModelError(fmt::format("{}: tensor '{}': found it, but config.json describes a model without it",
                                   reader.file_of(name).string(), name));
}

}  // namespace ballast
