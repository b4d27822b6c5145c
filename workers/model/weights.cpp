#include "workers/model/weights.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "workers/model/model_config.h"
#include "workers/model/parameter_slices.h"

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

void require_fit(const SafetensorsReader& reader, const std::string& stored_name, const ParameterSpec& spec) {
  const StoredTensor& stored = reader.stored(stored_name);
  const std::string place = fmt::format("{}: tensor '{}'", reader.file_of(stored_name).string(), stored_name);
  if (stored.shape != spec.whole_shape())
    throw ModelError(fmt::format("{}: found shape [{}]; expected [{}]", place, fmt::join(stored.shape, ", "),
                                 fmt::join(spec.whole_shape(), ", ")));
  if (stored.dtype != "F32" && stored.dtype != "BF16" && stored.dtype != "F16")
    throw ModelError(fmt::format("{}: found dtype {}; expected F32, BF16 or F16", place, stored.dtype));
}

// Of the whole parameter.
torch::Tensor initial_values(const ParameterSpec& spec, std::int64_t seed) {
  torch::Tensor values = torch::full(spec.whole_shape(), spec.initial_mean, torch::kFloat32);
  if (spec.initial_std > 0.0)
    values.normal_(spec.initial_mean, spec.initial_std,
                   at::make_generator<at::CPUGeneratorImpl>(seed_of(spec.name, seed)));
  return values;
}

}  // namespace

void initialise(Parameters& parameters, std::int64_t seed) {
  for (const Segment& segment : parameters.segments())
    parameters.write(segment, sliced(initial_values(segment.spec, seed), segment.spec.slice));
  parameters.refresh();
}

Checkpoint::Checkpoint(const std::filesystem::path& folder, const std::vector<ParameterSpec>& specs,
                       const CheckpointTolerance& tolerance)
    : reader_(folder) {
  std::set<std::string> known;
  const std::vector<std::string> in_files = reader_.names();
  const std::string file = in_files.empty() ? folder.string() : reader_.file_of(in_files.front()).string();
  for (const ParameterSpec& spec : specs) {
    const auto names = candidates(spec, tolerance);
    known.insert(names.begin(), names.end());
    const auto found =
        std::find_if(names.begin(), names.end(), [&](const auto& name) { return reader_.contains(name); });
    if (found != names.end()) {
      require_fit(reader_, *found, spec);
      stored_names_[spec.name] = *found;
    } else if (!among(tolerance.optional, spec.name)) {
      throw ModelError(fmt::format("{}: tensor '{}': found none; expected shape [{}]", file, names.front(),
                                   fmt::join(spec.whole_shape(), ", ")));
    }
  }
  for (const std::string& name : in_files)
    if (!known.contains(name) && !is_obsolete_buffer(name) && !among(tolerance.ignored, name))
      throw ModelError(fmt::format("{}: tensor '{}': found it, but config.json describes a model without it",
                                   reader_.file_of(name).string(), name));
}

void Checkpoint::copy_into(Parameters& parameters) const {
  for (const Segment& segment : parameters.segments()) {
    const auto stored = stored_names_.find(segment.spec.name);
    if (stored != stored_names_.end())
      parameters.write(segment, sliced(reader_.tensor(stored->second), segment.spec.slice));
  }
  parameters.refresh();
}

}  // namespace ballast
