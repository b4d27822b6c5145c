// tokenizer.json: the file of Hugging Face's `tokenizers`, which describes every step. We know the steps of byte-level
// BPE.
#pragma once
#include <filesystem>
#include <memory>

#include "workers/data/tokenizer.h"
#include "workers/data/tokenizer_config.h"

namespace ballast {

/// Throws UserError for a file that is malformed or has a step or setting that we do not know.
std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& file, const TokenizerConfig& config);

}  // namespace ballast
