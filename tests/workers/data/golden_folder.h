// Tokenizer folders for tests: committed ones, and temporary ones with files that a test writes.
#pragma once
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ballast {

inline const std::filesystem::path tokenizer_golden = "tests/workers/data/tokenizer_golden";

inline nlohmann::json read_cases(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return nlohmann::json::parse(stream);
}

/// A folder that lives as long as this object.
class TemporaryFolder {
 public:
  TemporaryFolder()
      : path_(std::filesystem::temp_directory_path() / fmt::format("ballast-{:08x}", std::random_device{}())) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  void copy_from(const std::filesystem::path& folder) const {
    using std::filesystem::copy_options;
    std::filesystem::copy(folder, path_, copy_options::recursive | copy_options::overwrite_existing);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ballast
