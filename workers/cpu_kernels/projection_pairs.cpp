#include <immintrin.h>

#include "workers/cpu_kernels/projection_kernels.h"
#include "workers/cpu_kernels/row_blocks.h"

#define BALLAST_PAIRS __attribute__((target("avx512f,avx512bf16")))

namespace ballast {
namespace {

template <int count>
BALLAST_PAIRS inline void project_block(const Projection<Bfloat16>& layer, std::int64_t row, std::int64_t panel) {
  const Bfloat16* x = layer.inputs + row * layer.input_stride;
  const Bfloat16* weights = layer.weights.panel(panel);
  const std::int64_t depth = layer.weights.depth();
  __m512 sums[count] = {};
  for (std::int64_t i = 0; i < depth; i += 2, weights += 2 * lane_count) {
    const auto w = reinterpret_cast<__m512bh>(_mm512_load_si512(weights));
    __builtin_prefetch(reinterpret_cast<const char*>(weights) + prefetch_bytes);
    for (int r = 0; r < count; ++r) {
      std::int32_t pair;
      std::memcpy(&pair, x + r * layer.input_stride + i, sizeof pair);
      sums[r] = _mm512_dpbf16_ps(sums[r], w, reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)));
    }
  }
  const __m512 bias = _mm512_load_ps(layer.weights.bias(panel));
  for (int r = 0; r < count; ++r) {
    const __m256bh rounded = _mm512_cvtneps_pbh(_mm512_add_ps(sums[r], bias));
    std::memcpy(layer.outputs + (row + r) * layer.output_stride + panel * lane_count, &rounded, sizeof rounded);
  }
}

}  // namespace

bool has_bfloat16_pairs() { return __builtin_cpu_supports("avx512bf16"); }

BALLAST_PAIRS void project_with_pairs(const Projection<Bfloat16>& projection, PanelRange panels) {
  for (std::int64_t panel = panels.begin; panel < panels.end; ++panel)
    for_row_blocks(projection.rows,
                   [&]<int count>(std::int64_t row) BALLAST_PAIRS { project_block<count>(projection, row, panel); });
}

}  // namespace ballast
