// Options whose values are the names of an enum.
#pragma once
#include <CLI/CLI.hpp>
#include <map>
#include <string>

namespace ballast {

// Reads one of the names in a table of (value, name), as `enum_names` returns it.
template <typename Names>
CLI::CheckedTransformer by_name(const Names& names) {
  std::map<std::string, typename Names::value_type::first_type> values;
  for (const auto& [value, name] : names) values.emplace(name, value);
  return CLI::CheckedTransformer(values);
}

}  // namespace ballast
