// The types that a setting can have, and what to call them.
//
// Scalars (bool, int, std::int64_t, double, std::string, std::filesystem::path, enums with an ADL function
// `enum_names(E)`), sections (structs with `template <typename Fields> void describe(Fields& field)`), and of these
// std::optional, std::vector and std::map with text keys.
#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace ballast {

template <typename T>
concept NamedEnum = std::is_enum_v<T> && requires(T value) {
  enum_names(value);
};

// Stands for any visitor in the test whether a type describes itself.
struct AnyVisitor {};
template <typename T>
concept Section = std::is_class_v<T> && requires(T value, AnyVisitor visitor) {
  value.describe(visitor);
};

// The names of an enum's values: "a, b, c".
template <NamedEnum E>
std::string names_of_enum() {
  std::string names;
  for (const auto& [value, name] : enum_names(E{})) {
    names += names.empty() ? "" : ", ";
    names += name;
  }
  return names;
}

// What a field of the type may hold, in words; completes "allowed ...".
template <typename T>
struct TypeName;

template <>
struct TypeName<bool> {
  static std::string get() { return "true or false"; }
};
template <>
struct TypeName<int> {
  static std::string get() { return "a whole number"; }
};
template <>
struct TypeName<std::int64_t> {
  static std::string get() { return "a whole number"; }
};
template <>
struct TypeName<double> {
  static std::string get() { return "a number"; }
};
template <>
struct TypeName<std::string> {
  static std::string get() { return "text"; }
};
template <>
struct TypeName<std::filesystem::path> {
  static std::string get() { return "a path"; }
};
template <NamedEnum E>
struct TypeName<E> {
  static std::string get() { return "one of " + names_of_enum<E>(); }
};
template <Section S>
struct TypeName<S> {
  static std::string get() { return "a section"; }
};
template <typename T>
struct TypeName<std::optional<T>> {
  static std::string get() { return TypeName<T>::get() + ", or null"; }
};
template <typename T>
struct TypeName<std::vector<T>> {
  static std::string get() { return "a list, each " + TypeName<T>::get(); }
};
template <typename T>
struct TypeName<std::map<std::string, T>> {
  static std::string get() { return "a mapping of names, each to " + TypeName<T>::get(); }
};

template <typename T>
std::string type_name() {
  return TypeName<T>::get();
}

// Calls `visit` with every number in a field: the number itself, or those in an optional, a list or a mapping.
template <typename T, typename Visit>
requires std::is_arithmetic_v<T>
void for_each_number(const T& number, const Visit& visit) { visit(static_cast<double>(number)); }
template <typename T, typename Visit>
void for_each_number(const std::optional<T>& number, const Visit& visit) {
  if (number) {
    for_each_number(*number, visit);
  }
}
template <typename T, typename Visit>
void for_each_number(const std::vector<T>& numbers, const Visit& visit) {
  for (const T& number : numbers) {
    for_each_number(number, visit);
  }
}
template <typename T, typename Visit>
void for_each_number(const std::map<std::string, T>& numbers, const Visit& visit) {
  for (const auto& [name, number] : numbers) {
    for_each_number(number, visit);
  }
}

}  // namespace ballast
