// A folder of a Hugging Face model holds its tokenizer in one of several forms.
#pragma once
#include <filesystem>
#include <memory>

#include "workers/data/tokenizer.h"

namespace ballast {

/// Whether the folder holds the files of any form that `load_tokenizer` knows.
bool has_tokenizer(const std::filesystem::path& folder);

/// The folder's tokenizer. Throws UserError if it has none or one that is malformed or of a kind that we do not know.
std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& folder);

}  // namespace ballast
