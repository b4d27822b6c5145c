// A file that is complete or absent.
#pragma once
#include <cstddef>
#include <filesystem>
#include <string_view>

namespace ballast {

// Bytes go to PATH.partial; commit() syncs it and renames it to PATH. Without commit() nothing is left.
// Every function throws std::system_error naming the file.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);
  void commit();

 private:
  [[noreturn]] void fail() const;

  std::filesystem::path path_;
  std::filesystem::path partial_;
  int descriptor_ = -1;
};

}  // namespace ballast
