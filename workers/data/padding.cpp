#include "workers/data/padding.h"

#include <algorithm>

namespace ballast {

PaddedRows pad_rows(std::span<const TokenIds> rows, std::int64_t pad_value, PadSide side) {
  PaddedRows padded;
  padded.B = static_cast<std::int64_t>(rows.size());
  for (const auto& row : rows) {
    padded.lengths.push_back(static_cast<std::int64_t>(row.size()));
    padded.L = std::max(padded.L, padded.lengths.back());
  }
  padded.values.assign(static_cast<std::size_t>(padded.B * padded.L), pad_value);
  auto begin = padded.values.begin();
  for (const auto& row : rows) {
    const auto gap = side == PadSide::Left ? padded.L - static_cast<std::int64_t>(row.size()) : 0;
    std::copy(row.begin(), row.end(), begin + gap);
    begin += padded.L;
  }
  return padded;
}

}  // namespace ballast
