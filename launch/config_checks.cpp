#include "launch/config_checks.h"

#include <fmt/format.h>

#include <bit>

#include "launch/plan/clusters.h"
#include "workers/model/safetensors.h"
#include "workers/model/sharding.h"
#include "workers/user_error.h"

namespace ballast {

void check_model(const std::string& field, const ModelSource& source, const ModelCheck& check,
                 std::vector<std::string>& violations) {
  if (source.path && source.random) {
    violations.push_back(fmt::format("{}: found both path and random; give one of them", field));
  } else if (!source.given()) {
    if (check.required)
      violations.push_back(fmt::format("{}: no model; give path (a Hugging Face folder) or random", field));
    else if (source.dtype != ModelSource{}.dtype)
      violations.push_back(fmt::format(
          "{}.dtype: found it without path or random; a role without a model computes in what it starts from", field));
  } else {
    try {
      const auto positions = model_config(source).max_positions;
      if (check.max_length > positions) {
        violations.push_back(
            fmt::format("batch.max_length: found {}; {} has {} positions", check.max_length, field, positions));
      }
      if (source.path) SafetensorsReader{*source.path};
    } catch (const UserError& error) {
      violations.push_back(fmt::format("{}: {}", field, error.what()));
    }
  }
}

void check_shards(const std::string& field, const ModelSource& source, std::int64_t shards,
                  std::vector<std::string>& violations) {
  try {
    require_cuttable(model_config(source), {.index = 0, .count = static_cast<int>(shards)});
  } catch (const UserError& error) {
    violations.push_back(fmt::format("{}: {}", field, error.what()));
  }
}

void check_dataset(const std::string& field, const DatasetConfig& data, std::vector<std::string>& violations) {
  if (data.path && !data.paths.empty()) {
    violations.push_back(fmt::format("{}: found both path and paths; give one of them", field));
  }
  for (const auto& file : data.files()) {
    if (std::filesystem::is_regular_file(file)) continue;
    violations.push_back(fmt::format("{}: found no file {}", field, file.string()));
  }
}

void check_mini_batch(std::int64_t mini_batch, std::int64_t micro_batch, std::vector<std::string>& violations) {
  if (mini_batch % micro_batch == 0) return;
  violations.push_back(fmt::format("batch.mini_batch: found {}; it must be a multiple of batch.micro_batch ({})",
                                   mini_batch, micro_batch));
}

void check_lengths(const std::string& field, std::int64_t min_length, std::int64_t max_length,
                   std::vector<std::string>& violations) {
  if (min_length <= max_length) return;
  violations.push_back(fmt::format("{}.min_length: found {}; at most max_length ({})", field, min_length, max_length));
}

void check_cluster(const std::optional<std::string>& cluster, std::vector<std::string>& violations) {
  if (!cluster) return;
  try {
    find_cluster(*cluster);
  } catch (const std::exception& error) {
    violations.push_back(fmt::format("cluster: {}", error.what()));
  }
}

void check_gradient_lanes(std::int64_t lanes, std::vector<std::string>& violations) {
  if (std::has_single_bit(static_cast<std::uint64_t>(lanes))) return;
  violations.push_back(fmt::format("gradient_lanes: found {}; allowed is a power of two", lanes));
}

}  // namespace ballast
