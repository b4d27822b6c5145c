#include <sys/syscall.h>
#include <unistd.h>

#include "workers/cpu_kernels/projection_kernels.h"
#include "workers/cpu_kernels/tile_projection.h"

namespace ballast {
namespace {

// The processor's own. In assembler, because the compiler's intrinsics take no template parameter as a tile's number.
class HardwareTiles {
 public:
  HardwareTiles() = default;
  ~HardwareTiles() { asm volatile("tilerelease"); }
  HardwareTiles(const HardwareTiles&) = delete;
  HardwareTiles& operator=(const HardwareTiles&) = delete;

  void shape(std::int64_t rows) {
    if (rows == rows_) return;
    rows_ = rows;
    Palette palette;
    for (int tile = 0; tile <= last_tile; ++tile) {
      palette.row_bytes[tile] = sizeof(Lanes);
      palette.rows[tile] = tile == last_tile ? 16 : static_cast<std::uint8_t>(rows);
    }
    asm volatile("ldtilecfg %0" ::"m"(palette));
  }
  template <int tile>
  void clear() {
    asm volatile("tilezero %%tmm%c0" ::"i"(tile));
  }
  template <int tile>
  void load(const void* from, std::int64_t bytes) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(bytes), "i"(tile) : "memory");
  }
  template <int tile>
  void store(void* to, std::int64_t bytes) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(bytes), "i"(tile) : "memory");
  }
  template <int sums, int a, int b>
  void multiply() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sums), "i"(a), "i"(b));
  }

 private:
  static constexpr int last_tile = 5;

  // What LDTILECFG reads.
  struct alignas(64) Palette {
    std::uint8_t palette = 1;
    std::uint8_t start_row = 0;
    std::uint8_t reserved[14] = {};
    std::uint16_t row_bytes[16] = {};
    std::uint8_t rows[16] = {};
  };
  static_assert(sizeof(Palette) == 64);

  std::int64_t rows_ = 0;
};

// Linux gives a process the tiles' registers when it asks.
bool ask_for_tiles() {
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_registers = 18;          // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_registers) == 0;
}

}  // namespace

bool has_tiles() {
  static const bool given = __builtin_cpu_supports("amx-bf16") && ask_for_tiles();
  return given;
}

void project_with_tiles(const Projection<Bfloat16>& projection, PanelRange panels) {
  TileProjection<HardwareTiles>(projection).run(panels);
}

}  // namespace ballast
