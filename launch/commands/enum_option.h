// Options whose values are the names of an enum.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ballast {

// Adds an option that takes one of `enum_names(E)`; `value` is the default and outlives the parsing.
template <typename E>
CLI::Option* add_enum_option(CLI::App& verb, const std::string& name, E& value, const std::string& meaning) {
  std::vector<std::string> names;
  std::string current;
  for (const auto& [candidate, text] : enum_names(E{})) {
    names.emplace_back(text);
    if (candidate == value) current = text;
  }
  const auto take = [&value](const std::string& given) {
    for (const auto& [candidate, text] : enum_names(E{})) {
      if (text == given) value = candidate;
    }
  };
  return verb.add_option_function<std::string>(name, take, meaning)->check(CLI::IsMember(names))->default_str(current);
}

}  // namespace ballast
