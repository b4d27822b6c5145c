// What a single field of a configuration cannot show. Every violation is 'field: found; allowed'.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/job_config.h"
#include "workers/data/dataset_config.h"

namespace ballast {

struct ModelCheck {
  bool required = true;
  std::int64_t max_length = 0;  // tokens that it must take
};

// Reads the header of a model's weights, so that a missing or broken checkpoint is found before anything is written.
void check_model(const std::string& field, const ModelSource& source, const ModelCheck& check,
                 std::vector<std::string>& violations);
// That a model, which can be read, can be cut into so many tensor-parallel shards.
void check_shards(const std::string& field, const ModelSource& source, std::int64_t shards,
                  std::vector<std::string>& violations);
// That a data set that is given names files, and that these exist.
void check_dataset(const std::string& field, const DatasetConfig& data, std::vector<std::string>& violations);
void check_mini_batch(std::int64_t mini_batch, std::int64_t micro_batch, std::vector<std::string>& violations);
// Of random rows.
void check_lengths(const std::string& field, std::int64_t min_length, std::int64_t max_length,
                   std::vector<std::string>& violations);
// That the cluster, where one is given, is one that plans know.
void check_cluster(const std::optional<std::string>& cluster, std::vector<std::string>& violations);
void check_gradient_lanes(std::int64_t lanes, std::vector<std::string>& violations);

}  // namespace ballast
