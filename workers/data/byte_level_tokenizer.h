// Byte-level BPE: the tokenizers of GPT-2, Llama 3, Qwen2 and their descendants.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "workers/data/added_tokens.h"
#include "workers/data/bpe.h"
#include "workers/data/pre_tokenizer.h"
#include "workers/data/tokenizer.h"
#include "workers/data/tokenizer_config.h"

namespace ballast {

/// What the vocabulary's files say.
struct ByteLevelForm {
  /// For messages.
  std::filesystem::path file;
  BpeVocabulary vocabulary;
  /// Text is brought into Unicode's normalization form C first.
  bool is_nfc = false;
  std::vector<PreTokenizerStep> pre_tokenizer;
  /// Ids before and after every text.
  TokenIds before;
  TokenIds after;
  /// The bos id comes before every text.
  bool adds_bos = false;
  std::vector<AddedToken> added_tokens;
};

/// Gives the ids and texts of Hugging Face's fast tokenizers. Throws UserError if the vocabulary is inconsistent.
std::unique_ptr<Tokenizer> make_byte_level_tokenizer(ByteLevelForm form, const TokenizerConfig& config);

}  // namespace ballast
