// A whole text file in memory, whether or not it is gzipped.
#pragma once
#include <filesystem>
#include <string>

namespace ballast {

/// The file's bytes, unpacked if its content, not its name, is gzip's. Throws UserError if the file is missing or
/// cannot be read, if its compressed data is damaged or cut off, if it is empty, or if it is not text (has a 0 byte).
std::string read_text_file(const std::filesystem::path& file);

}  // namespace ballast
