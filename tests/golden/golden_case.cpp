#include "tests/golden/golden_case.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ballast::golden {
namespace {

using nlohmann::json;

bool is_tensor(const json& node) { return node.is_object() && node.contains("shape") && node.contains("data"); }

double to_double(const json& number) {
  if (!number.is_string()) {
    return number.is_boolean() ? static_cast<double>(number.get<bool>()) : number.get<double>();
  }
  const auto text = number.get<std::string>();
  if (text == "NaN") {
    return std::numeric_limits<double>::quiet_NaN();
  }
  if (text == "Infinity" || text == "-Infinity") {
    return text.front() == '-' ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  throw std::invalid_argument(fmt::format("'{}' is no number", text));
}

bool is_number(const json& node) {
  return node.is_number() || node.is_boolean() || node == "NaN" || node == "Infinity" || node == "-Infinity";
}

torch::ScalarType to_dtype(const std::string& name) {
  static const std::map<std::string, torch::ScalarType> dtypes{
      {"f64", torch::kFloat64}, {"f32", torch::kFloat32}, {"i64", torch::kInt64}, {"bool", torch::kBool}};
  const auto found = dtypes.find(name);
  if (found == dtypes.end()) {
    throw std::invalid_argument(fmt::format("unknown dtype '{}'", name));
  }
  return found->second;
}

void flatten(const json& node, const std::string& path, Outputs& outputs) {
  if (is_tensor(node)) {
    outputs[path] = to_tensor(node);
  } else if (is_number(node)) {
    outputs[path] = torch::tensor(to_double(node), torch::kFloat64);
  } else if (node.is_string()) {
    outputs[path] = node.get<std::string>();
  } else if (node.is_structured()) {
    const auto prefix = path.empty() ? path : path + "/";
    for (const auto& item : node.items()) {
      flatten(item.value(), prefix + item.key(), outputs);
    }
  } else {
    throw std::invalid_argument(fmt::format("output '{}' is neither tensor nor number nor text", path));
  }
}

/// "f64 inputs: rel 1e-10 / abs 1e-12; f32: rel 1e-5 / abs 1e-6; ..."
std::map<std::string, Tolerance> parse_tolerances(const std::string& text) {
  static const std::regex entry(R"((f64|f32)[^;]*?rel ([0-9.e+-]+) / abs ([0-9.e+-]+))");
  std::map<std::string, Tolerance> tolerances;
  for (std::sregex_iterator match(text.begin(), text.end(), entry), end; match != end; ++match) {
    tolerances[(*match)[1]] = {.relative = std::stod((*match)[2]), .absolute = std::stod((*match)[3])};
  }
  if (tolerances.size() != 2) {
    throw std::invalid_argument(fmt::format("no tolerances for f64 and f32 in '{}'", text));
  }
  return tolerances;
}

Tolerance tolerance_for(const GoldenFile& file, const torch::Tensor& expected, const torch::Tensor& actual) {
  if (!expected.is_floating_point()) {
    return {};
  }
  const bool is_coarse = expected.scalar_type() == torch::kFloat32 || actual.scalar_type() == torch::kFloat32;
  return file.tolerances.at(is_coarse ? "f32" : "f64");
}

std::optional<std::string> value_mismatch(const GoldenFile& file, const Value& expected, const Value& actual) {
  if (expected.index() != actual.index()) {
    return "one is a text, the other a tensor";
  }
  if (const auto* expected_text = std::get_if<std::string>(&expected)) {
    const auto& actual_text = std::get<std::string>(actual);
    return *expected_text == actual_text
               ? std::nullopt
               : std::optional(fmt::format("expected '{}', got '{}'", *expected_text, actual_text));
  }
  const auto& expected_tensor = std::get<torch::Tensor>(expected);
  const auto& actual_tensor = std::get<torch::Tensor>(actual);
  return first_mismatch(expected_tensor, actual_tensor, tolerance_for(file, expected_tensor, actual_tensor));
}

json read_json(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream) {
    throw std::runtime_error(fmt::format("{}: cannot be opened", path.string()));
  }
  try {
    return json::parse(stream);
  } catch (const json::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::string kind_of(const json& body, const std::filesystem::path& path) {
  return body.is_object() ? body.value("name", path.stem().string()) : path.stem().string();
}

}  // namespace

torch::Tensor GoldenCase::input(const std::string& key) const { return to_tensor(inputs.at(key)); }

torch::Tensor GoldenCase::leaf(const std::string& key) const { return input(key).requires_grad_(true); }

std::filesystem::path golden_root() {
  const char* root = std::getenv("BALLAST_GOLDEN");
  return root != nullptr ? root : "tests/golden";
}

std::string golden_kind(const std::filesystem::path& path) { return kind_of(read_json(path), path); }

GoldenFile read_golden_file(const std::filesystem::path& path) {
  const auto body = read_json(path);
  try {
    GoldenFile file{.kind = kind_of(body, path),
                    .tolerances = parse_tolerances(body.at("conventions").at("tolerance")),
                    .cases = {}};
    for (const auto& item : body.at("cases")) {
      file.cases.push_back({.file = path.string(),
                            .name = item.at("name"),
                            .params = item.value("params", json::object()),
                            .inputs = item.at("inputs"),
                            .outputs = item.at("outputs")});
    }
    return file;
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

torch::Tensor to_tensor(const json& node) {
  if (!is_tensor(node) || !node.contains("dtype")) {
    throw std::invalid_argument(fmt::format("no tensor: {:.80}", node.dump()));
  }
  std::vector<double> values;
  for (const auto& number : node.at("data")) {
    values.push_back(to_double(number));
  }
  const auto shape = node.at("shape").get<std::vector<std::int64_t>>();
  if (c10::multiply_integers(shape) != static_cast<std::int64_t>(values.size())) {
    throw std::invalid_argument(fmt::format("{} numbers do not fill the shape {}", values.size(), shape));
  }
  return torch::tensor(values, torch::kFloat64).reshape(shape).to(to_dtype(node.at("dtype")));
}

Outputs flatten_outputs(const json& outputs) {
  Outputs flat;
  flatten(outputs, "", flat);
  return flat;
}

std::optional<std::string> first_mismatch(const torch::Tensor& expected, const torch::Tensor& actual,
                                          Tolerance tolerance) {
  if (expected.sizes() != actual.sizes()) {
    return fmt::format("expected shape {}, got {}", expected.sizes().vec(), actual.sizes().vec());
  }
  const auto agrees = torch::isclose(actual.detach().to(torch::kFloat64), expected.to(torch::kFloat64),
                                     tolerance.relative, tolerance.absolute, /*equal_nan=*/true);
  const auto differing = agrees.flatten().logical_not().nonzero();
  if (differing.size(0) == 0) {
    return std::nullopt;
  }
  const auto index = differing[0].item<std::int64_t>();
  const auto element = [index](const torch::Tensor& tensor) {
    return tensor.detach().to(torch::kFloat64).flatten()[index].item<double>();
  };
  return fmt::format("at index {} of {}: expected {:.17g}, got {:.17g} (rel {:g}, abs {:g}; {} differ)", index,
                     expected.numel(), element(expected), element(actual), tolerance.relative, tolerance.absolute,
                     differing.size(0));
}

std::vector<std::string> mismatches(const GoldenFile& file, const GoldenCase& golden_case, const Outputs& actual) {
  std::vector<std::string> lines;
  for (const auto& [output, expected] : flatten_outputs(golden_case.outputs)) {
    const auto found = actual.find(output);
    const auto mismatch = found == actual.end() ? std::optional<std::string>("the runner computes no such output")
                                                : value_mismatch(file, expected, found->second);
    if (mismatch) {
      lines.push_back(fmt::format("{}: case '{}', {}: {}", golden_case.file, golden_case.name, output, *mismatch));
    }
  }
  return lines;
}

}  // namespace ballast::golden
