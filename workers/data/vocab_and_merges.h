// vocab.json with merges.txt: the older files of byte-level tokenizers. They do not say how to cut a text into words;
// the tokenizer's class does.
#pragma once
#include <filesystem>
#include <memory>

#include "workers/data/bpe.h"
#include "workers/data/json_view.h"
#include "workers/data/tokenizer.h"
#include "workers/data/tokenizer_config.h"

namespace ballast {

/// Throws UserError for a class that we do not know and for files that are malformed or contradict each other.
std::unique_ptr<Tokenizer> load_vocab_and_merges(const std::filesystem::path& folder, const TokenizerConfig& config);

/// {token: id}
StringIds read_vocabulary(const JsonView& vocabulary);

}  // namespace ballast
