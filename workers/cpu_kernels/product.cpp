#include "workers/cpu_kernels/product.h"

#include <algorithm>
#include <cstring>

#include "workers/cpu_kernels/lanes.h"

namespace ballast::cpu {
namespace {

// A tile of C that stays in registers: 6 rows of 4 x 16 lanes.
constexpr std::int64_t tile_rows = 6;
constexpr std::int64_t tile_lanes = Panels::width / lane_count;

// Blocks of a large product: a tile of A fits the first cache, a block of B the second.
constexpr std::int64_t block_k = 512;
constexpr std::int64_t block_rows = 192;
constexpr std::int64_t block_columns = 512;

struct Tile {
  MatrixView a;
  const float* panel = nullptr;
  float* c = nullptr;
  std::int64_t c_stride = 0;
  std::int64_t K = 0;
  std::int64_t columns = Panels::width;
  bool add = false;
};

// The columns of C that exist.
BALLAST_INLINE void store_row(const Tile& tile, std::int64_t row, const Lanes* sums) {
  float* to = tile.c + row * tile.c_stride;
  if (tile.columns == Panels::width) {
    for (std::int64_t j = 0; j < tile_lanes; ++j) store(to + j * lane_count, sums[j]);
    return;
  }
  float all[Panels::width];
  for (std::int64_t j = 0; j < tile_lanes; ++j) store(all + j * lane_count, sums[j]);
  std::memcpy(to, all, tile.columns * sizeof(float));
}

BALLAST_INLINE void load_row(const Tile& tile, std::int64_t row, Lanes* sums) {
  const float* from = tile.c + row * tile.c_stride;
  if (tile.columns == Panels::width) {
    for (std::int64_t j = 0; j < tile_lanes; ++j) load(sums[j], from + j * lane_count);
    return;
  }
  float all[Panels::width] = {};
  std::memcpy(all, from, tile.columns * sizeof(float));
  for (std::int64_t j = 0; j < tile_lanes; ++j) load(sums[j], all + j * lane_count);
}

template <std::int64_t rows>
BALLAST_INLINE void multiply_tile(const Tile& tile) {
  Lanes sums[rows][tile_lanes] = {};
  if (tile.add)
    for (std::int64_t i = 0; i < rows; ++i) load_row(tile, i, sums[i]);
  const float* a = tile.a.data;
  const float* b = tile.panel;
  for (std::int64_t k = 0; k < tile.K; ++k) {
    Lanes b_lanes[tile_lanes];
    for (std::int64_t j = 0; j < tile_lanes; ++j) load(b_lanes[j], b + j * lane_count);
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < rows; ++i)
#pragma GCC unroll 4
      for (std::int64_t j = 0; j < tile_lanes; ++j) sums[i][j] += a[i * tile.a.row_stride] * b_lanes[j];
    a += tile.a.column_stride;
    b += Panels::width;
  }
  for (std::int64_t i = 0; i < rows; ++i) store_row(tile, i, sums[i]);
}

BALLAST_INLINE void multiply_last_rows(const Tile& tile, std::int64_t rows) {
  switch (rows) {
    case 5:
      return multiply_tile<5>(tile);
    case 4:
      return multiply_tile<4>(tile);
    case 3:
      return multiply_tile<3>(tile);
    case 2:
      return multiply_tile<2>(tile);
    case 1:
      return multiply_tile<1>(tile);
    default:
      return;
  }
}

// All rows of A times one panel.
BALLAST_KERNEL void multiply_panel(Tile tile, std::int64_t rows) {
  std::int64_t row = 0;
  for (; row + tile_rows <= rows; row += tile_rows) {
    multiply_tile<tile_rows>(tile);
    tile.a = tile.a.at(tile_rows, 0);
    tile.c += tile_rows * tile.c_stride;
  }
  multiply_last_rows(tile, rows - row);
}

// Rows of A in groups of six, each [K, 6] where A's own rows are not contiguous: then a tile reads along a cache line.
void pack_rows(const MatrixView& a_MK, std::int64_t M, std::int64_t K, std::vector<float>& packed) {
  packed.resize(static_cast<std::size_t>((M + tile_rows - 1) / tile_rows * tile_rows * K));
  for (std::int64_t begin = 0; begin < M; begin += tile_rows) {
    float* to = packed.data() + begin * K;
    const std::int64_t rows = std::min(tile_rows, M - begin);
    for (std::int64_t k = 0; k < K; ++k, to += tile_rows) {
      const float* from = a_MK.at(begin, k).data;
      for (std::int64_t i = 0; i < rows; ++i) to[i] = from[i * a_MK.row_stride];
    }
  }
}

void multiply_packed_rows(const Product& product, const Panels& panels, std::vector<float>& scratch) {
  pack_rows(product.a_MK, product.M, product.K, scratch);
  for (std::int64_t begin = 0; begin < product.N; begin += Panels::width) {
    for (std::int64_t row = 0; row < product.M; row += tile_rows) {
      multiply_panel({.a = {scratch.data() + row * product.K, 1, tile_rows},
                      .panel = panels.at(begin / Panels::width),
                      .c = product.c_MN + row * product.c_stride + begin,
                      .c_stride = product.c_stride,
                      .K = product.K,
                      .columns = std::min(Panels::width, product.N - begin),
                      .add = product.add},
                     std::min(tile_rows, product.M - row));
    }
  }
}

// 16 x 16 elements whose columns are contiguous.
BALLAST_KERNEL void transpose_block(float* to, const float* from, std::int64_t column_stride) {
  Lanes x[lane_count];
  for (std::int64_t j = 0; j < lane_count; ++j) load(x[j], from + j * column_stride);
  transpose(x);
  for (std::int64_t k = 0; k < lane_count; ++k) store(to + k * Panels::width, x[k]);
}

// One panel of a matrix whose columns are contiguous.
void pack_columns(float* panel, const MatrixView& b, std::int64_t K, std::int64_t columns) {
  std::int64_t done = 0;  // columns, in whole blocks
  for (; done + lane_count <= columns; done += lane_count) {
    std::int64_t k = 0;
    for (; k + lane_count <= K; k += lane_count)
      transpose_block(panel + k * Panels::width + done, b.at(k, done).data, b.column_stride);
    for (; k < K; ++k)
      for (std::int64_t j = done; j < done + lane_count; ++j) panel[k * Panels::width + j] = *b.at(k, j).data;
  }
  for (; done < columns; ++done)
    for (std::int64_t k = 0; k < K; ++k) panel[k * Panels::width + done] = *b.at(k, done).data;
}

// The part of a product whose C begins at (row, column) and whose sums run over k and what follows it.
Product part_of(const Product& whole, std::int64_t row, std::int64_t column, std::int64_t k) {
  return {.M = std::min(block_rows, whole.M - row),
          .N = std::min(block_columns, whole.N - column),
          .K = std::min(block_k, whole.K - k),
          .a_MK = whole.a_MK.at(row, k),
          .c_MN = whole.c_MN + row * whole.c_stride + column,
          .c_stride = whole.c_stride,
          .add = whole.add || k > 0};
}

}  // namespace

void Panels::pack(const MatrixView& b_KN, std::int64_t K, std::int64_t N) {
  K_ = K;
  const std::int64_t panels = (N + width - 1) / width;
  packed_.resize(static_cast<std::size_t>(panels * K * width));
  for (std::int64_t begin = 0; begin < N; begin += width) {
    const std::int64_t columns = std::min(width, N - begin);
    float* panel = packed_.data() + begin * K;
    if (columns < width) std::fill_n(panel, K * width, 0.0F);
    if (b_KN.column_stride == 1)
      for (std::int64_t k = 0; k < K; ++k)
        std::memcpy(panel + k * width, b_KN.at(k, begin).data, columns * sizeof(float));
    else
      pack_columns(panel, b_KN.at(0, begin), K, columns);
  }
}

void multiply(const Product& product, const Panels& b_KN) {
  for (std::int64_t begin = 0; begin < product.N; begin += Panels::width)
    multiply_panel({.a = product.a_MK,
                    .panel = b_KN.at(begin / Panels::width),
                    .c = product.c_MN + begin,
                    .c_stride = product.c_stride,
                    .K = product.K,
                    .columns = std::min(Panels::width, product.N - begin),
                    .add = product.add},
                   product.M);
}

void multiply(const Product& product, const MatrixView& b_KN) {
  Panels panels;
  std::vector<float> rows;
  for (std::int64_t column = 0; column < product.N; column += block_columns) {
    for (std::int64_t k = 0; k < product.K; k += block_k) {
      const Product block = part_of(product, 0, column, k);
      panels.pack(b_KN.at(k, column), block.K, block.N);
      for (std::int64_t row = 0; row < product.M; row += block_rows) {
        const Product part = part_of(product, row, column, k);
        if (part.a_MK.column_stride == 1)
          multiply(part, panels);
        else
          multiply_packed_rows(part, panels, rows);
      }
    }
  }
}

}  // namespace ballast::cpu
