// Which tokens end a text.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "workers/model/model_source.h"

namespace ballast {

// Those that are given; else `eos_token_id`, one id or a list, of the folder's generation_config.json or else of the
// model's config.json, as far as the vocabulary has them; else none. Throws ModelError for what is given and outside
// the vocabulary, and for a file that holds something else.
std::vector<std::int64_t> end_tokens_of(const ModelSource& source, const ModelConfig& config,
                                        const std::optional<std::vector<std::int64_t>>& given = std::nullopt);

// Whether the response ends by itself, with one of these, and was not cut off.
bool ends(std::span<const std::int64_t> response, const std::vector<std::int64_t>& end_tokens);

}  // namespace ballast
