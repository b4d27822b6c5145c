// The kernel for AMX, written over what a processor's tiles do, so that the same code runs on emulated tiles.
#pragma once
#include <algorithm>
#include <array>
#include <utility>

#include "workers/cpu_kernels/projection.h"

namespace ballast {

// Tiles has, with tile numbers T, C, A, B known when compiling:
//   shape(rows)          tiles 0 to 4 have so many rows of 64 bytes, tile 5 has 16
//   clear<T>()
//   load<T>(from, bytes) rows `bytes` apart;  store<T>(to, bytes)
//   multiply<C, A, B>()  C [rows, 16] float32 += A [rows, 32] B [16, 16 pairs], bfloat16: TDPBF16PS
template <typename Tiles>
class TileProjection {
 public:
  explicit TileProjection(const Projection<Bfloat16>& layer) : layer_(layer) {}

  void run(PanelRange panels) {
    std::int64_t panel = panels.begin;
    for (; panel + panels_at_once <= panels.end; panel += panels_at_once) run_panels<panels_at_once>(panel);
    for (; panel < panels.end; ++panel) run_panels<1>(panel);
  }

 private:
  static constexpr std::int64_t tile_rows = 16;
  static constexpr std::int64_t tile_depth = 32;  // bfloat16 in a row of a tile
  static constexpr int panels_at_once = 4;        // sums in tiles 0 to 3: each tile of inputs is loaded once for them
  static constexpr int input_tile = 4;
  static constexpr int weight_tile = 5;

  template <int count>
  void run_panels(std::int64_t panel) {
    for (std::int64_t row = 0; row < layer_.rows; row += tile_rows) {
      const std::int64_t rows = std::min(tile_rows, layer_.rows - row);
      tiles_.shape(rows);
      alignas(64) std::array<float, tile_rows * count * lane_count> sums;
      sum_products<count>(row, panel, sums.data(), std::make_integer_sequence<int, count>());
      round_sums<count>({.row = row, .rows = rows, .panel = panel}, sums.data());
    }
  }

  template <int count, int... c>
  void sum_products(std::int64_t row, std::int64_t panel, float* sums, std::integer_sequence<int, c...>) {
    const Bfloat16* x = layer_.inputs + row * layer_.input_stride;
    const std::int64_t depth = layer_.weights.depth();
    (tiles_.template clear<c>(), ...);
    for (std::int64_t i = 0; i < depth; i += tile_depth) {
      tiles_.template load<input_tile>(x + i, layer_.input_stride * sizeof(Bfloat16));
      ((tiles_.template load<weight_tile>(layer_.weights.panel(panel + c) + i * lane_count, sizeof(Lanes)),
        tiles_.template multiply<c, input_tile, weight_tile>()),
       ...);
    }
    (tiles_.template store<c>(sums + c * lane_count, count * sizeof(Lanes)), ...);
  }

  struct Place {
    std::int64_t row = 0;
    std::int64_t rows = 0;
    std::int64_t panel = 0;
  };

  template <int count>
  void round_sums(const Place& place, const float* sums) {
    for (std::int64_t r = 0; r < place.rows; ++r) {
      for (int c = 0; c < count; ++c) {
        Lanes sum, bias;
        load(sum, sums + (r * count + c) * lane_count);
        load(bias, layer_.weights.bias(place.panel + c));
        Bfloat16* to = layer_.outputs + (place.row + r) * layer_.output_stride + (place.panel + c) * lane_count;
        store(to, sum + bias);
      }
    }
  }

  const Projection<Bfloat16>& layer_;
  Tiles tiles_;
};

}  // namespace ballast
