// Rows of different lengths as one matrix.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "workers/data/tokenizer.h"

namespace ballast {

enum class PadSide : std::uint8_t { Left, Right };

/// [B, L] row-major, L the longest row; `lengths` [B] are the rows' own.
struct PaddedRows {
  std::int64_t B = 0;
  std::int64_t L = 0;
  std::vector<std::int64_t> values;
  std::vector<std::int64_t> lengths;
};

/// Prompts are padded on the left, so that all responses start in one column; samples on the right.
PaddedRows pad_rows(std::span<const TokenIds> rows, std::int64_t pad_value, PadSide side);

}  // namespace ballast
