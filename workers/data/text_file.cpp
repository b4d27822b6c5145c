#include "workers/data/text_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::size_t bytes_at_once = std::size_t{1} << 17;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose_r(file); }
};
using OpenGzip = std::unique_ptr<gzFile_s, CloseGzip>;

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what) {
  throw UserError(fmt::format("{}: {}", file.string(), what));
}

// zlib reads plain files as they are. A stream that is cut off shows only in the error state after the last read.
std::string unpack(const std::filesystem::path& file) {
  const OpenGzip stream(gzopen(file.c_str(), "rb"));
  if (!stream) {
    fail(file, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  std::string bytes;
  std::array<char, bytes_at_once> block;
  int count = 0;
  while ((count = gzread(stream.get(), block.data(), block.size())) > 0) {
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
  int error = Z_OK;
  const std::string message = gzerror(stream.get(), &error);
  if (error == Z_ERRNO) {
    fail(file, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  if (error != Z_OK) {
    fail(file, fmt::format("its compressed data is damaged or cut off ({})", message));
  }
  return bytes;
}

}  // namespace

std::string read_text_file(const std::filesystem::path& file) {
  std::error_code none;
  if (std::filesystem::is_directory(file, none)) {
    fail(file, "found a folder; allowed: a file");
  }
  std::string text = unpack(file);
  if (text.empty()) {
    fail(file, "found an empty file");
  }
  if (text.find('\0') != std::string::npos) {
    fail(file, "found binary content; allowed: text, plain or gzipped");
  }
  return text;
}

}  // namespace ballast
