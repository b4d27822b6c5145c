#include "workers/cpu_kernels/projection_kernels.h"
#include "workers/cpu_kernels/row_blocks.h"

namespace ballast {
namespace {

// sums [count] += x W^T for one panel.
template <int count>
BALLAST_INLINE void add_products(const Projection<float>& layer, std::int64_t row, std::int64_t panel, Lanes* sums) {
  const float* x = layer.inputs + row * layer.input_stride;
  const float* weights = layer.weights.panel(panel);
  const std::int64_t depth = layer.weights.depth();
  for (std::int64_t i = 0; i < depth; ++i, weights += lane_count) {
    Lanes w;
    load(w, weights);
    __builtin_prefetch(reinterpret_cast<const char*>(weights) + prefetch_bytes);
    for (int r = 0; r < count; ++r) sums[r] += w * x[r * layer.input_stride + i];
  }
}

template <int count>
BALLAST_INLINE void add_products(const Projection<Bfloat16>& layer, std::int64_t row, std::int64_t panel, Lanes* sums) {
  const Bfloat16* x = layer.inputs + row * layer.input_stride;
  const Bfloat16* weights = layer.weights.panel(panel);
  const std::int64_t depth = layer.weights.depth();
  for (std::int64_t i = 0; i < depth; i += 2, weights += 2 * lane_count) {
    Lanes first, second;
    load_pairs(first, second, weights);
    for (int r = 0; r < count; ++r) {
      sums[r] += first * widened(x[r * layer.input_stride + i]);
      sums[r] += second * widened(x[r * layer.input_stride + i + 1]);
    }
  }
}

template <typename Element>
BALLAST_INLINE void project_panels(const Projection<Element>& layer, PanelRange panels) {
  for (std::int64_t panel = panels.begin; panel < panels.end; ++panel) {
    for_row_blocks(
        layer.rows, [&]<int count>(std::int64_t row) __attribute__((always_inline)) {
          Lanes sums[count] = {};
          add_products<count>(layer, row, panel, sums);
          Lanes bias;
          load(bias, layer.weights.bias(panel));
          for (int r = 0; r < count; ++r)
            store(layer.outputs + (row + r) * layer.output_stride + panel * lane_count, sums[r] + bias);
        });
  }
}

}  // namespace

BALLAST_KERNEL void project_with_lanes(const Projection<float>& projection, PanelRange panels) {
  project_panels(projection, panels);
}

BALLAST_KERNEL void project_with_lanes(const Projection<Bfloat16>& projection, PanelRange panels) {
  project_panels(projection, panels);
}

}  // namespace ballast
