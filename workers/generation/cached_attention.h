// Attention of the rows of a forward pass over what a KvCache holds of their sequences.
// N rows, H heads, K heads of keys and values, D elements per head.
#pragma once
#include <vector>

#include "workers/generation/kv_cache.h"
#include "workers/model/attention.h"

namespace ballast {

template <typename Element>
struct AttentionRows {
  const std::vector<CachePlace>& places;  // [N]
  std::int64_t heads = 0;                 // H
  const Element* queries = nullptr;       // [N, H D]
  std::int64_t query_stride = 0;          // elements from a row to the next
  Element* out = nullptr;                 // [N, H D]; padding rows stay as they are
  std::int64_t out_stride = 0;
};

// Each head of a row attends to the row's sequence in the cache, as far as the row's position, and is computed for
// itself, so that its bits depend on nothing but its sequence. `heads` counts the query heads of all rows, row by row.
struct HeadRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
void attend_heads(const KvCache<float>& cache, const AttentionSite& site, const AttentionRows<float>& rows,
                  HeadRange heads);
void attend_heads(const KvCache<Bfloat16>& cache, const AttentionSite& site, const AttentionRows<Bfloat16>& rows,
                  HeadRange heads);

// The same as what a backbone asks for: first every row's key and value are put into the cache. Padding rows give 0.
// The cache outlives the result.
Attend cached_attention(KvCache<float>& cache, std::vector<CachePlace> places);

}  // namespace ballast
