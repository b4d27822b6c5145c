// What a rank tells of the files that it has saved.
#pragma once
#include <filesystem>
#include <vector>

#include "workers/commands.h"

namespace ballast {

// SHA-256 of a file's bytes, in hexadecimal. Throws std::system_error.
std::string sha256_of(const std::filesystem::path& file);

// Every file in `folder` (not in folders inside it), by name: 'FOLDER/FILE' with the folder's last part, size and
// checksum. Returns once all of them, and the folder, are on disk. Throws std::system_error.
std::vector<SavedFile> sync_saved_files(const std::filesystem::path& folder);

}  // namespace ballast
