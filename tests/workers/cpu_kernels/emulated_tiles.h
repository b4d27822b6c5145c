// What AMX's instructions do, for processors that do not have them.
#pragma once
#include <array>
#include <cstring>

#include "workers/cpu_kernels/tile_projection.h"

namespace ballast {

class EmulatedTiles {
 public:
  void shape(std::int64_t rows) {
    tiles_ = {};  // LDTILECFG clears all tiles
    for (auto& tile : tiles_) tile.rows = rows;
    tiles_.back().rows = 16;
  }
  template <int tile>
  void clear() {
    tiles_.at(tile).lines = {};
  }
  template <int tile>
  void load(const void* from, std::int64_t bytes) {
    clear<tile>();
    for (std::int64_t row = 0; row < tiles_.at(tile).rows; ++row)
      std::memcpy(&tiles_[tile].lines[row], static_cast<const char*>(from) + row * bytes, sizeof(Line));
  }
  template <int tile>
  void store(void* to, std::int64_t bytes) {
    for (std::int64_t row = 0; row < tiles_.at(tile).rows; ++row)
      std::memcpy(static_cast<char*>(to) + row * bytes, &tiles_[tile].lines[row], sizeof(Line));
  }
  // TDPBF16PS: pair by pair, each product added in float32.
  template <int sums, int a, int b>
  void multiply() {
    for (std::int64_t row = 0; row < tiles_.at(sums).rows; ++row) {
      std::array<float, 16> line;
      std::memcpy(line.data(), &tiles_[sums].lines[row], sizeof line);
      for (int pair = 0; pair < 16; ++pair)
        for (int column = 0; column < 16; ++column)
          for (const int i : {2 * pair, 2 * pair + 1})
            line[column] += widened(tiles_.at(a).lines[row][i]) * widened(tiles_.at(b).lines[pair][2 * column + i % 2]);
      std::memcpy(&tiles_[sums].lines[row], line.data(), sizeof line);
    }
  }

 private:
  using Line = std::array<Bfloat16, 32>;
  struct Tile {
    std::int64_t rows = 0;
    std::array<Line, 16> lines = {};
  };
  std::array<Tile, 6> tiles_;
};

}  // namespace ballast
