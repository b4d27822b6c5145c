// Golden files: cases with inputs, parameters and the outputs that the reference implementation computed.
// Tensors are {"shape", "dtype" in f64|f32|i64|bool, "data" row-major}; non-finite numbers are strings.
#pragma once
#include <torch/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace ballast::golden {

/// One output: a tensor (numbers are float64 scalars) or a text.
using Value = std::variant<torch::Tensor, std::string>;

/// Outputs by path: {"a": [{"b": 1}]} is "a/0/b".
using Outputs = std::map<std::string, Value>;

struct Tolerance {
  double relative = 0.0;
  double absolute = 0.0;
};

struct GoldenCase {
  std::string file;
  std::string name;
  nlohmann::json params;
  nlohmann::json inputs;
  nlohmann::json outputs;

  /// The named input tensor; with gradient for `leaf`.
  torch::Tensor input(const std::string& key) const;
  torch::Tensor leaf(const std::string& key) const;

  template <typename T>
  T param(const std::string& key) const {
    return params.at(key).get<T>();
  }
};

struct GoldenFile {
  /// What decides the runner: the file's own "name", else its file name without the ending.
  std::string kind;
  /// By dtype, "f64" and "f32", as the file states them.
  std::map<std::string, Tolerance> tolerances;
  std::vector<GoldenCase> cases;
};

/// Root of the golden sets: BALLAST_GOLDEN, else tests/golden of the working directory.
std::filesystem::path golden_root();

/// The kind of a golden file (see GoldenFile).
std::string golden_kind(const std::filesystem::path& path);

/// Reads a file with "cases". Throws std::runtime_error that names the file.
GoldenFile read_golden_file(const std::filesystem::path& path);

/// Throws std::invalid_argument if the json is no tensor of the form above.
torch::Tensor to_tensor(const nlohmann::json& json);

/// All leaves of an "outputs" object.
Outputs flatten_outputs(const nlohmann::json& outputs);

/// The first difference of two tensors: index, both numbers, tolerance; nullopt if they agree. NaN agrees with NaN.
std::optional<std::string> first_mismatch(const torch::Tensor& expected, const torch::Tensor& actual,
                                          Tolerance tolerance);

/// Everything that is missing or differs in a case's outputs, one line each, naming file, case and output. Float
/// outputs have the tolerance of the coarser of both dtypes; all others must be equal.
std::vector<std::string> mismatches(const GoldenFile& file, const GoldenCase& golden_case, const Outputs& actual);

}  // namespace ballast::golden
