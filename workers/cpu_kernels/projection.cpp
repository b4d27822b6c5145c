#include "workers/cpu_kernels/projection.h"

#include "workers/cpu_kernels/projection_kernels.h"

namespace ballast {
namespace {

using Bfloat16Kernel = void (*)(const Projection<Bfloat16>&, PanelRange);

Bfloat16Kernel fastest() {
  if (has_tiles()) return project_with_tiles;
  if (has_bfloat16_pairs()) return project_with_pairs;
  return project_with_lanes;
}

}  // namespace

void project(const Projection<float>& projection, PanelRange panels) { project_with_lanes(projection, panels); }

void project(const Projection<Bfloat16>& projection, PanelRange panels) {
  static const Bfloat16Kernel kernel = fastest();
  kernel(projection, panels);
}

}  // namespace ballast
