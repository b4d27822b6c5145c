#include "workers/data/vocab_and_merges.h"

#include <utility>

#include <fmt/format.h>

#include "workers/data/byte_level_tokenizer.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using std::filesystem::path;
using Merges = std::vector<std::pair<std::string, std::string>>;

/// A line "left right" for each merge, after a first line that is none.
Merges read_merges(const path& file) {
  const auto text = read_file(file);
  Merges merges;
  std::size_t number = 1;
  for (auto begin = text.find('\n') + 1; begin != 0 && begin < text.size(); ++number) {
    const auto end = text.find('\n', begin);
    auto line = std::string_view(text).substr(begin, end - begin);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    const auto space = line.find(' ');
    if (end == std::string::npos || space == 0 || space == std::string_view::npos || space + 1 == line.size() ||
        line.find(' ', space + 1) != std::string_view::npos) {
      throw UserError(fmt::format("{}: line {} must be two tokens with a space between and a newline after them",
                                  file.string(), number + 1));
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    begin = end + 1;
  }
  return merges;
}

std::vector<PreTokenizerStep> pre_tokenizer_of(const TokenizerConfig& config, const path& folder) {
  std::vector<PreTokenizerStep> steps;
  if (config.tokenizer_class == "GPT2Tokenizer") {
    steps.push_back({.add_prefix_space = config.add_prefix_space.value_or(false), .regex = Regex(gpt2_words)});
  } else if (config.tokenizer_class == "Qwen2Tokenizer") {
    steps.push_back({.regex = Regex(qwen2_words)});
    steps.push_back({.add_prefix_space = config.add_prefix_space.value_or(false)});
  } else {
    throw UserError(
        fmt::format("{}: vocab.json needs a tokenizer_class in tokenizer_config.json or a model_type in config.json; "
                    "found class '{}', "
                    "known are GPT2Tokenizer and Qwen2Tokenizer (gpt2, qwen2)",
                    folder.string(), config.tokenizer_class));
  }
  return steps;
}

}  // namespace

StringIds read_vocabulary(const JsonView& vocabulary) {
  StringIds ids;
  ids.reserve(vocabulary.object().size());
  for (const auto& [token, id] : vocabulary.object().items()) {
    if (!id.is_number_integer()) {
      vocabulary.at(token).integer();  // says what is wrong
    }
    ids.emplace(token, id.get<std::int64_t>());
  }
  return ids;
}

std::unique_ptr<Tokenizer> load_vocab_and_merges(const path& folder, const TokenizerConfig& config) {
  const auto vocab_file = folder / "vocab.json";
  ByteLevelForm form{.file = folder / "merges.txt"};
  form.pre_tokenizer = pre_tokenizer_of(config, folder);
  const auto vocab = read_json(vocab_file);
  form.vocabulary = {.ids = read_vocabulary(JsonView(vocab, vocab_file)), .merges = read_merges(form.file)};
  form.is_nfc = config.tokenizer_class == "Qwen2Tokenizer";
  form.adds_bos = config.tokenizer_class == "GPT2Tokenizer" && config.add_bos_token.value_or(false);
  return make_byte_level_tokenizer(std::move(form), config);
}

}  // namespace ballast
