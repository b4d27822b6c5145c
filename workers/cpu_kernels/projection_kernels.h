// The implementations that `project` chooses among.
#pragma once
#include "workers/cpu_kernels/projection.h"

namespace ballast {

// For any processor.
void project_with_lanes(const Projection<float>& projection, PanelRange panels);
void project_with_lanes(const Projection<Bfloat16>& projection, PanelRange panels);

// AVX512-BF16: products of pairs.
bool has_bfloat16_pairs();
void project_with_pairs(const Projection<Bfloat16>& projection, PanelRange panels);

// AMX: products of tiles. The first call asks the kernel for the permission that each process needs.
bool has_tiles();
void project_with_tiles(const Projection<Bfloat16>& projection, PanelRange panels);

}  // namespace ballast
