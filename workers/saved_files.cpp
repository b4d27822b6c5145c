#include "workers/saved_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace ballast {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// An open file or folder.
class OpenPath {
 public:
  explicit OpenPath(const std::filesystem::path& path)
      : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail();
  }
  ~OpenPath() { close(descriptor_); }
  OpenPath(const OpenPath&) = delete;
  OpenPath& operator=(const OpenPath&) = delete;

  // Bytes read into `piece`; 0 at the end.
  std::size_t read(std::vector<unsigned char>& piece) const {
    const ssize_t count = ::read(descriptor_, piece.data(), piece.size());
    if (count < 0) fail();
    return static_cast<std::size_t>(count);
  }
  void sync() const {
    if (fsync(descriptor_) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const { throw std::system_error(errno, std::generic_category(), path_.string()); }

  std::filesystem::path path_;
  int descriptor_;
};

}  // namespace

std::string sha256_of(const std::filesystem::path& file) {
  const OpenPath open_file(file);
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::vector<unsigned char> piece(piece_bytes);
  while (const std::size_t count = open_file.read(piece)) crypto_hash_sha256_update(&state, piece.data(), count);
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

std::vector<SavedFile> sync_saved_files(const std::filesystem::path& folder) {
  std::vector<SavedFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    OpenPath(entry.path()).sync();
    files.push_back({.name = (folder.filename() / entry.path().filename()).string(),
                     .bytes = static_cast<std::int64_t>(entry.file_size()),
                     .sha256 = sha256_of(entry.path())});
  }
  OpenPath(folder).sync();
  std::ranges::sort(files, {}, &SavedFile::name);
  return files;
}

}  // namespace ballast
