// tokenizer.model: the tokenizers of Llama 1 and 2, Mistral and their descendants.
#pragma once
#include <filesystem>
#include <memory>

#include "workers/data/tokenizer.h"
#include "workers/data/tokenizer_config.h"

namespace ballast {

/// Gives the ids and texts of Hugging Face's class LlamaTokenizer (the Python one, `use_fast=False`), with `legacy` as
/// the configuration says. Throws UserError if the file is not a SentencePiece model.
std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model,
                                                        const TokenizerConfig& config);

}  // namespace ballast
