// Reads fields of one config.json; every error names the file, the field, what was found and what is allowed. No torch.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "workers/model/model_config.h"

namespace ballast {

class ConfigFields {
 public:
  // `json` outlives this. `prefix` stands before the names in messages ("rope_scaling.").
  ConfigFields(const nlohmann::json& json, const std::filesystem::path& file, std::string prefix = "")
      : json_(json), file_(file), prefix_(std::move(prefix)) {}

  bool contains(const char* name) const { return json_.contains(name); }
  // Absent and null are the same to all but `contains`.
  bool given(const char* name) const { return json_.contains(name) && !json_.at(name).is_null(); }
  const nlohmann::json& at(const char* name) const { return json_.at(name); }

  bool boolean(const char* name, bool fallback) const;
  // From `least` to 2^31.
  std::int64_t count(const char* name, std::int64_t fallback, std::int64_t least = 1) const;
  double number(const char* name, double fallback) const;
  // Above 0.
  double positive(const char* name, double fallback) const;
  std::string text(const char* name, const char* fallback) const;

  // For fields that only one value of is supported.
  void require(const char* name, const nlohmann::json& only) const;
  [[noreturn]] void refuse(const char* name, std::string_view allowed) const;

 private:
  const nlohmann::json& json_;
  const std::filesystem::path& file_;
  std::string prefix_;
};

}  // namespace ballast
