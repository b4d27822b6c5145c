// The tokenizer that goes with a saved model: its files are copied, not understood. No torch.
#pragma once
#include <filesystem>
#include <optional>

namespace ballast {

// Copies what there is of a Hugging Face folder's tokenizer and generation_config.json, so that a saved model can be
// used where its source was. Nothing happens without a source, or onto itself. Throws
// std::filesystem::filesystem_error.
void copy_tokenizer(const std::optional<std::filesystem::path>& from, const std::filesystem::path& to);

}  // namespace ballast
