#include "workers/data/sentencepiece_tokenizer.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <sentencepiece_processor.h>

#include "workers/data/added_tokens.h"
#include "workers/data/all_added_tokens.h"
#include "workers/data/clean_up.h"
#include "workers/data/json_view.h"
#include "workers/data/utf8.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

// A serialized model followed by this field is the model with that setting: protobuf merges what is repeated.
// normalizer_spec (3) { add_dummy_prefix (3): false }
constexpr std::string_view without_dummy_prefix{"\x1A\x02\x18\x00", 4};

class SentencePieceTokenizer : public Tokenizer {
 public:
  SentencePieceTokenizer(std::unique_ptr<sentencepiece::SentencePieceProcessor> processor,
                         const TokenizerConfig& config)
      : processor_(std::move(processor)),
        legacy_(config.legacy),
        add_prefix_space_(config.add_prefix_space.value_or(true)),
        clean_up_(config.clean_up_tokenization_spaces) {
    auto added = all_added_tokens(config, sources());
    vocab_size_ = processor_->GetPieceSize();
    for (const auto& token : added.tokens) {
      vocab_size_ = std::max(vocab_size_, token.id + 1);
      added_by_id_.emplace(token.id, token.content);
      if (added.attribute_ids.count(token.id) > 0) {
        special_texts_.insert(token.content);
      }
      if (token.id == added.special.unk) {
        unk_text_ = token.content;
      }
    }
    added_.emplace(std::move(added.tokens));
    special_ = std::move(added.special);
    skipped_ids_ = std::move(added.attribute_ids);
    if (config.add_bos_token.value_or(true)) {
      before_ = special_.bos;
    }
    if (config.add_eos_token.value_or(false)) {
      after_ = special_.eos;
    }
  }

  TokenIds encode(std::string_view bytes) const override {
    TokenIds ids;
    if (before_) {
      ids.push_back(*before_);
    }
    for (const auto& token : tokens_of(replace_invalid_utf8(bytes))) {
      ids.push_back(id_of(token));
    }
    if (after_) {
      ids.push_back(*after_);
    }
    return ids;
  }

  std::string decode(std::span<const std::int64_t> ids) const override;

  const SpecialTokens& special_tokens() const override { return special_; }
  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  AddedTokenSources sources() const {
    return {.defaults = {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"unk_token", "<unk>"}},
            .vocabulary_size = processor_->GetPieceSize(),
            .id_in_vocabulary = [this](const std::string& content) -> std::optional<std::int64_t> {
              const auto id = processor_->PieceToId(content);
              return processor_->IdToPiece(id) == content ? std::optional<std::int64_t>(id) : std::nullopt;
            }};
  }

  std::vector<std::string> tokens_of(std::string text) const;
  std::vector<std::string> pieces_of(const std::string& text) const;
  std::int64_t id_of(const std::string& token) const;
  std::string join(std::vector<std::string> pieces) const;

  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
  bool legacy_;
  bool add_prefix_space_;
  bool clean_up_;
  std::optional<AddedTokenSearch> added_;
  std::unordered_map<std::int64_t, std::string> added_by_id_;
  std::int64_t vocab_size_ = 0;
  SpecialTokens special_;
  std::set<std::int64_t> skipped_ids_;
  std::set<std::string> special_texts_;  // of the same
  std::string unk_text_;
  std::optional<std::int64_t> before_;
  std::optional<std::int64_t> after_;
};

std::vector<std::string> SentencePieceTokenizer::tokens_of(std::string text) const {
  if (!legacy_ && !text.empty()) {
    text = replace_all(std::move(text), space_mark, " ");
    text.insert(0, add_prefix_space_ ? space_mark : "");
  }
  std::vector<std::string> tokens;
  for (auto& piece : added_->split_then_flags(text)) {
    if (piece.token != nullptr) {
      tokens.push_back(std::move(piece.text));
    } else {
      std::ranges::move(pieces_of(piece.text), std::back_inserter(tokens));
    }
  }
  // The prefix does not stand alone before a special token.
  if (!legacy_ && tokens.size() > 1 && tokens[0] == space_mark && special_texts_.count(tokens[1]) > 0) {
    tokens.erase(tokens.begin());
  }
  return tokens;
}

std::vector<std::string> SentencePieceTokenizer::pieces_of(const std::string& text) const {
  if (legacy_ || !(text.starts_with(space_mark) || text.starts_with(' '))) {
    return processor_->EncodeAsPieces(text);
  }
  // SentencePiece strips leading space when it puts none in front itself; behind the unknown token's text it does not.
  auto pieces = processor_->EncodeAsPieces(unk_text_ + text);
  const auto unk_pieces = processor_->EncodeAsPieces(unk_text_).size();
  if (pieces.size() >= unk_pieces) {
    pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(unk_pieces));
  }
  return pieces;
}

std::int64_t SentencePieceTokenizer::id_of(const std::string& token) const {
  const auto* added = added_->find(token);
  return added != nullptr ? added->id : processor_->PieceToId(token);
}

std::string SentencePieceTokenizer::join(std::vector<std::string> pieces) const {
  // The space that encoding put in front.
  if (add_prefix_space_ && pieces.front().starts_with(space_mark)) {
    pieces.front().erase(0, space_mark.size());
  }
  return processor_->DecodePieces(pieces);
}

// Added tokens that are not special stand between spaces: the Python tokenizers join such parts so.
std::string SentencePieceTokenizer::decode(std::span<const std::int64_t> ids) const {
  std::vector<std::string> parts;
  std::vector<std::string> pieces;
  const auto end_part = [&] {
    if (!pieces.empty()) {
      parts.push_back(join(std::exchange(pieces, {})));
    }
  };
  for (const auto id : ids) {
    const auto added = added_by_id_.find(id);
    if (skipped_ids_.count(id) > 0) {
      continue;
    }
    if (added != added_by_id_.end()) {
      end_part();
      std::erase(parts, "");
      parts.push_back(added->second);
    } else if (id >= 0 && id < processor_->GetPieceSize()) {
      pieces.push_back(processor_->IdToPiece(static_cast<int>(id)));
    }
  }
  end_part();
  const auto text = replace_invalid_utf8(fmt::format("{}", fmt::join(parts, " ")));
  return clean_up_ ? clean_up_spaces(text) : text;
}

}  // namespace

std::unique_ptr<Tokenizer> load_sentencepiece_tokenizer(const std::filesystem::path& model,
                                                        const TokenizerConfig& config) {
  if (!config.tokenizer_class.empty() && config.tokenizer_class != "LlamaTokenizer") {
    throw UserError(fmt::format("{}: 'tokenizer_class' is '{}'; known beside tokenizer.model: LlamaTokenizer(Fast)",
                                config.file.string(), config.tokenizer_class));
  }
  auto serialized = read_file(model);
  if (!config.legacy) {
    serialized += without_dummy_prefix;
  }
  auto processor = std::make_unique<sentencepiece::SentencePieceProcessor>();
  if (!processor->LoadFromSerializedProto(serialized).ok() || processor->GetPieceSize() == 0) {
    throw UserError(fmt::format("{}: is not a SentencePiece model, or only a part of one", model.string()));
  }
  return std::make_unique<SentencePieceTokenizer>(std::move(processor), config);
}

}  // namespace ballast
