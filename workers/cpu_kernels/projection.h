// A linear layer for a few rows: y = x W^T + b, summed in float32.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/packed_matrix.h"

namespace ballast {

template <typename Element>
struct Projection {
  const PackedMatrix<Element>& weights;
  const Element* inputs = nullptr;  // [rows, weights.depth()], zero beyond the layer's inputs
  std::int64_t input_stride = 0;    // elements from a row to the next
  Element* outputs = nullptr;       // [rows, whole panels]
  std::int64_t output_stride = 0;
  std::int64_t rows = 0;
};

// Which outputs, counted in panels.
struct PanelRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Computes these panels of the outputs, rounded to nearest once, with the fastest instructions that the processor has.
// On a machine an output's bits depend on its row of inputs and its weights alone: not on the number of rows nor on
// the range.
void project(const Projection<float>& projection, PanelRange panels);
void project(const Projection<Bfloat16>& projection, PanelRange panels);

// An input stride for rows of so many elements. Rows that lie a power of two apart would share few lines of the cache.
constexpr std::int64_t row_stride(std::int64_t elements) {
  return rounded_up(elements, PackedMatrix<float>::depth_multiple) + PackedMatrix<float>::depth_multiple;
}

}  // namespace ballast
