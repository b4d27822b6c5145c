// A file's bytes in memory, read from disk when touched.
#pragma once
#include <cstddef>
#include <filesystem>
#include <span>

namespace ballast {

// Private and writable: what someone writes stays in this process and never reaches the file.
class MappedFile {
 public:
  // Throws std::system_error naming the file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<std::byte> bytes() const { return {begin_, size_}; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::byte* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ballast
