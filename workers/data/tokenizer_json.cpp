#include "workers/data/tokenizer_json.h"

#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "workers/data/byte_level_tokenizer.h"
#include "workers/data/json_view.h"
#include "workers/data/vocab_and_merges.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

[[noreturn]] void refuse_type(const JsonView& component, std::string_view known) {
  component.at("type").refuse(fmt::format("is '{}'; known here: {}", component.at("type").text(), known));
}

bool has_type(const JsonView& component, std::string_view type) { return component.at("type").text() == type; }

void refuse_if_set(const JsonView& component, const std::string& key) {
  if (const auto value = component.find(key); value && !(value->is_text() && value->text().empty())) {
    value->refuse("is set, which is not supported");
  }
}

std::pair<std::string, std::string> read_merge(const JsonView& merge) {
  if (!merge.is_text()) {
    if (merge.array().size() != 2) {
      merge.refuse("must be two tokens");
    }
    return {merge.at(0).text(), merge.at(1).text()};
  }
  const auto text = merge.text();
  const auto space = text.find(' ');
  if (space == std::string::npos || text.find(' ', space + 1) != std::string::npos) {
    merge.refuse(fmt::format("must be two tokens with a space between them, found '{}'", text));
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

// Which token stands for an unknown character does not matter: every byte must be in the vocabulary.
BpeVocabulary read_model(const JsonView& model) {
  if (!has_type(model, "BPE")) {
    refuse_type(model, "BPE");
  }
  model.allow_only({"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                    "byte_fallback", "ignore_merges", "vocab", "merges"});
  refuse_if_set(model, "dropout");
  refuse_if_set(model, "continuing_subword_prefix");
  refuse_if_set(model, "end_of_word_suffix");
  if (model.flag("byte_fallback", false)) {
    model.at("byte_fallback").refuse("is true, which only tokenizer.model supports");
  }
  BpeVocabulary vocabulary{.ids = read_vocabulary(model.at("vocab"))};
  const auto merges = model.at("merges");
  for (std::size_t i = 0; i < merges.array().size(); ++i) {
    vocabulary.merges.push_back(read_merge(merges.at(i)));
  }
  vocabulary.ignore_merges = model.flag("ignore_merges", false);
  return vocabulary;
}

bool read_is_nfc(const JsonView& normalizer) {
  if (has_type(normalizer, "Sequence")) {
    const auto steps = normalizer.at("normalizers");
    bool is_nfc = false;
    for (std::size_t i = 0; i < steps.array().size(); ++i) {
      is_nfc = read_is_nfc(steps.at(i));
    }
    return is_nfc;
  }
  if (!has_type(normalizer, "NFC")) {
    refuse_type(normalizer, "NFC, Sequence");
  }
  return true;
}

PreTokenizerStep read_split(const JsonView& split) {
  split.allow_only({"type", "pattern", "behavior", "invert"});
  const auto behavior = split.at("behavior");
  if (behavior.text() != "Isolated") {
    behavior.refuse(fmt::format("is '{}'; known: Isolated", behavior.text()));
  }
  if (split.flag("invert", false)) {
    split.at("invert").refuse("is true; only false is supported");
  }
  const auto pattern = split.at("pattern").at("Regex");
  try {
    return {.regex = Regex(pattern.text())};
  } catch (const std::invalid_argument& error) {
    pattern.refuse(fmt::format("cannot be used: {}", error.what()));
  }
}

PreTokenizerStep read_byte_level(const JsonView& byte_level) {
  byte_level.allow_only({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  PreTokenizerStep step{.add_prefix_space = byte_level.flag("add_prefix_space", true)};
  if (byte_level.flag("use_regex", true)) {
    step.regex = Regex(gpt2_words);
  }
  return step;
}

std::vector<PreTokenizerStep> read_pre_tokenizer(const JsonView& pre_tokenizer, const TokenizerConfig& config) {
  std::vector<PreTokenizerStep> steps;
  if (has_type(pre_tokenizer, "ByteLevel")) {
    steps.push_back(read_byte_level(pre_tokenizer));
    // Alone, it takes this setting from the configuration.
    steps.back().add_prefix_space = config.add_prefix_space.value_or(false);
    return steps;
  }
  if (!has_type(pre_tokenizer, "Sequence")) {
    refuse_type(pre_tokenizer, "ByteLevel, Sequence of Split and ByteLevel");
  }
  pre_tokenizer.allow_only({"type", "pretokenizers"});
  const auto parts = pre_tokenizer.at("pretokenizers");
  for (std::size_t i = 0; i < parts.array().size(); ++i) {
    const auto part = parts.at(i);
    const bool is_last = i + 1 == parts.array().size();
    if (is_last != has_type(part, "ByteLevel") || (!is_last && !has_type(part, "Split"))) {
      refuse_type(part, "Split, and last ByteLevel");
    }
    steps.push_back(is_last ? read_byte_level(part) : read_split(part));
  }
  if (steps.empty()) {
    parts.refuse("must end with ByteLevel");
  }
  return steps;
}

void read_template(const JsonView& processor, ByteLevelForm& form) {
  processor.allow_only({"type", "single", "pair", "special_tokens"});
  const auto parts = processor.at("single");
  bool is_after_text = false;
  for (std::size_t i = 0; i < parts.array().size(); ++i) {
    const auto part = parts.at(i);
    if (const auto token = part.find("SpecialToken")) {
      const auto ids = processor.at("special_tokens").at(token->at("id").text()).at("ids");
      for (std::size_t k = 0; k < ids.array().size(); ++k) {
        (is_after_text ? form.after : form.before).push_back(ids.at(k).integer());
      }
    } else {
      if (is_after_text || part.at("Sequence").at("id").text() != "A") {
        part.refuse("must be the text, once");
      }
      is_after_text = true;
    }
  }
  if (!is_after_text) {
    parts.refuse("lacks the text (Sequence A)");
  }
}

void read_post_processor(const JsonView& processor, ByteLevelForm& form) {
  if (has_type(processor, "Sequence")) {
    const auto parts = processor.at("processors");
    for (std::size_t i = 0; i < parts.array().size(); ++i) {
      read_post_processor(parts.at(i), form);
    }
  } else if (has_type(processor, "TemplateProcessing")) {
    if (!form.before.empty() || !form.after.empty()) {
      processor.refuse("is a second template; one is supported");
    }
    read_template(processor, form);
  } else if (!has_type(processor, "ByteLevel")) {
    refuse_type(processor, "ByteLevel, TemplateProcessing, Sequence");
  }
}

std::vector<AddedToken> read_added_tokens(const JsonView& tokens) {
  std::vector<AddedToken> added;
  for (std::size_t i = 0; i < tokens.array().size(); ++i) {
    const auto entry = tokens.at(i);
    entry.allow_only({"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    added.push_back(read_added_token(entry));
    added.back().id = entry.at("id").integer();
  }
  return added;
}

// Other classes change what the file says when they load it.
void check_class(const TokenizerConfig& config) {
  const auto& name = config.tokenizer_class;
  if (!name.empty() && name != "PreTrainedTokenizer" && name != "GPT2Tokenizer" && name != "Qwen2Tokenizer") {
    throw UserError(
        fmt::format("{}: 'tokenizer_class' is '{}'; known beside tokenizer.json: PreTrainedTokenizerFast, "
                    "GPT2Tokenizer(Fast), Qwen2Tokenizer(Fast)",
                    config.file.string(), name));
  }
}

}  // namespace

std::unique_ptr<Tokenizer> load_tokenizer_json(const std::filesystem::path& file, const TokenizerConfig& config) {
  check_class(config);
  const auto json = read_json(file);
  const JsonView top(json, file);
  top.allow_only({"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
                  "decoder", "model"});
  ByteLevelForm form{.file = file};
  form.vocabulary = read_model(top.at("model"));
  if (const auto normalizer = top.find("normalizer")) {
    form.is_nfc = read_is_nfc(*normalizer);
  }
  form.pre_tokenizer = read_pre_tokenizer(top.at("pre_tokenizer"), config);
  if (const auto processor = top.find("post_processor")) {
    read_post_processor(*processor, form);
  }
  const auto decoder = top.at("decoder");
  if (!has_type(decoder, "ByteLevel")) {
    refuse_type(decoder, "ByteLevel");
  }
  if (const auto tokens = top.find("added_tokens")) {
    form.added_tokens = read_added_tokens(*tokens);
  }
  return make_byte_level_tokenizer(std::move(form), config);
}

}  // namespace ballast
