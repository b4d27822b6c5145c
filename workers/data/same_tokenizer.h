// Whether two model folders have the same tokenizer, so that token ids of one model mean the same to the other.
#pragma once
#include <filesystem>

namespace ballast {

/// Compares the files that decide what a tokenizer does, in whatever layout the folders have them; of JSON files what
/// they say, without what only tells where it came from or how batches are padded. Both folders have a tokenizer.
/// Throws UserError for a file that cannot be read.
bool same_tokenizer(const std::filesystem::path& one, const std::filesystem::path& other);

}  // namespace ballast
