// Random models of a few thousand parameters, and folders that go away again.
#pragma once
#include <unistd.h>

#include <filesystem>
#include <string>

#include "workers/model/model_source.h"

namespace ballast {

// Two blocks; two query heads for each key head, except in GPT-2.
inline ModelSource tiny_model(Family family, std::int64_t seed = 7) {
  return {.random = RandomModelConfig{.family = family,
                                      .vocab = 37,
                                      .hidden = 16,
                                      .intermediate = 24,
                                      .layers = 2,
                                      .heads = 4,
                                      .kv_heads = 2,
                                      .max_length = 32},
          .seed = seed};
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ballast-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace ballast
