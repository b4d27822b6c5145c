#include "workers/model/config_fields.h"

namespace ballast {

bool ConfigFields::boolean(const char* name, bool fallback) const {
  if (!given(name)) return fallback;
  if (!at(name).is_boolean()) refuse(name, "true or false");
  return at(name).get<bool>();
}

std::int64_t ConfigFields::count(const char* name, std::int64_t fallback, std::int64_t least) const {
  constexpr std::int64_t largest = std::int64_t{1} << 31;  // keeps products of two sizes inside 64 bits
  if (!given(name)) return fallback;
  const bool fits = at(name).is_number_integer() && at(name) >= least && at(name) <= largest;
  if (!fits) refuse(name, fmt::format("a whole number from {} to 2^31", least));
  return at(name).get<std::int64_t>();
}

double ConfigFields::number(const char* name, double fallback) const {
  if (!given(name)) return fallback;
  if (!at(name).is_number()) refuse(name, "a number");
  return at(name).get<double>();
}

double ConfigFields::positive(const char* name, double fallback) const {
  const double value = number(name, fallback);
  if (!(value > 0.0)) refuse(name, "a number above 0");
  return value;
}

std::string ConfigFields::text(const char* name, const char* fallback) const {
  if (!given(name)) return fallback;
  if (!at(name).is_string()) refuse(name, "a string");
  return at(name).get<std::string>();
}

void ConfigFields::require(const char* name, const nlohmann::json& only) const {
  if (given(name) && at(name) != only) refuse(name, only.dump());
}

void ConfigFields::refuse(const char* name, std::string_view allowed) const {
  const std::string found = contains(name) ? at(name).dump() : "nothing";
  throw ModelError(
      fmt::format("{}: field '{}{}': found {}; allowed: {}", file_.string(), prefix_, name, found, allowed));
}

}  // namespace ballast
