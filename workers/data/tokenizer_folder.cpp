#include "workers/data/tokenizer_folder.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "workers/data/sentencepiece_tokenizer.h"
#include "workers/data/tokenizer_config.h"
#include "workers/data/tokenizer_json.h"
#include "workers/data/vocab_and_merges.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

using std::filesystem::path;

struct TokenizerForm {
  std::vector<std::string_view> files;
  std::unique_ptr<Tokenizer> (*load)(const path& folder, const TokenizerConfig& config);
};

// The first form whose files are all there is taken.
const std::array<TokenizerForm, 3>& tokenizer_forms() {
  static const std::array<TokenizerForm, 3> forms{{
      {{"tokenizer.model"},
       [](const path& folder, const TokenizerConfig& config) {
         return load_sentencepiece_tokenizer(folder / "tokenizer.model", config);
       }},
      {{"tokenizer.json"},
       [](const path& folder, const TokenizerConfig& config) {
         return load_tokenizer_json(folder / "tokenizer.json", config);
       }},
      {{"vocab.json", "merges.txt"}, load_vocab_and_merges},
  }};
  return forms;
}

const TokenizerForm* form_of(const path& folder) {
  const auto& forms = tokenizer_forms();
  const auto* form = std::find_if(forms.begin(), forms.end(), [&](const TokenizerForm& known) {
    return std::all_of(known.files.begin(), known.files.end(), [&](std::string_view file) {
      std::error_code unreadable;
      return std::filesystem::exists(folder / file, unreadable);
    });
  });
  return form == forms.end() ? nullptr : form;
}

}  // namespace

bool has_tokenizer(const path& folder) { return form_of(folder) != nullptr; }

std::unique_ptr<Tokenizer> load_tokenizer(const path& folder) {
  const auto* form = form_of(folder);
  if (form == nullptr) {
    throw UserError(
        fmt::format("{}: has no tokenizer: neither tokenizer.model, nor tokenizer.json, nor vocab.json with merges.txt",
                    folder.string()));
  }
  return form->load(folder, read_tokenizer_config(folder));
}

}  // namespace ballast
