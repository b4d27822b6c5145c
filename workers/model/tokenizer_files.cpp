#include "workers/model/tokenizer_files.h"

#include <array>

namespace ballast {
namespace {

constexpr std::array files{
    "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.json",      "merges.txt",     "generation_config.json"};

}  // namespace

void copy_tokenizer(const std::optional<std::filesystem::path>& from, const std::filesystem::path& to) {
  if (!from || std::filesystem::weakly_canonical(*from) == std::filesystem::weakly_canonical(to)) return;
  for (const auto* file : files) {
    if (!std::filesystem::exists(*from / file)) continue;
    std::filesystem::copy_file(*from / file, to / file, std::filesystem::copy_options::overwrite_existing);
  }
}

}  // namespace ballast
