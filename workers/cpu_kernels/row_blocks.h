// How kernels cut rows: into the numbers of rows whose sums fit the registers.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/lanes.h"

namespace ballast {

// Calls block.template operator()<count>(first) for rows [0, rows), with counts of 16, 8, 4 and 1.
template <typename Block>
BALLAST_INLINE void for_row_blocks(std::int64_t rows, const Block& block) {
  std::int64_t row = 0;
  for (; row + 16 <= rows; row += 16) block.template operator()<16>(row);
  if (row + 8 <= rows) {
    block.template operator()<8>(row);
    row += 8;
  }
  if (row + 4 <= rows) {
    block.template operator()<4>(row);
    row += 4;
  }
  for (; row < rows; ++row) block.template operator()<1>(row);
}

// Bytes between what is multiplied and what is fetched into the cache: so far ahead that memory is in time.
inline constexpr std::int64_t prefetch_bytes = 4096;

}  // namespace ballast
