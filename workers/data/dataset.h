// Data sets: JSON files -> token rows. Rows that cannot be used are skipped and reported (an error where the
// configuration says strict); a data set without a usable row is a UserError, and so is a file that cannot be read.
#pragma once
#include <string>
#include <vector>

#include "workers/commands.h"
#include "workers/data/dataset_config.h"
#include "workers/data/preference.h"
#include "workers/data/tokenizer.h"

namespace ballast {

template <typename Row>
struct Dataset {
  std::vector<Row> rows;
  /// For the user, one sentence each: what was skipped, and what was changed.
  std::vector<std::string> remarks;
};

/// Texts to learn, cut off at `max_length` tokens. With a prompt the response and its eos are labelled (every assistant
/// turn of a conversation); of a text by itself every token is. A row of which nothing would be learned is skipped.
Dataset<LabelledRow> read_supervised(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length);

/// Pairs of a better and a worse response.
Dataset<TokenPair> read_preference_pairs(const DatasetConfig& config, const Tokenizer& tokenizer,
                                         std::size_t max_length);

/// Pairs of a safer and an unsafer response with their safety signs.
Dataset<SafetyPair> read_safety_pairs(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length);

/// Prompts in the order of the files, of equal ones the last. A prompt that leaves no room for a response within
/// `max_length` tokens is skipped.
Dataset<TokenIds> read_prompts(const DatasetConfig& config, const Tokenizer& tokenizer, std::size_t max_length);

}  // namespace ballast
