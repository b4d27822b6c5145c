// Weights in the order in which decoding reads them. O outputs, I inputs of a linear layer.
#pragma once
#include <cstdint>

#include "workers/cpu_kernels/aligned_vector.h"
#include "workers/cpu_kernels/bfloat16.h"

namespace ballast {

// W [O, I] and a bias, in panels of 16 outputs: a product with few rows streams each panel from memory once, 64 bytes a
// step. float: [panel, I, 16]. Bfloat16: [panel, I / 2, 16, 2], the pairs that AVX-512 and AMX multiply. I is rounded
// up to what a tile of AMX has, O to whole panels; the rest is zero.
template <typename Element>
class PackedMatrix {
 public:
  static constexpr std::int64_t panel_width = lane_count;
  static constexpr std::int64_t depth_multiple = 32;

  PackedMatrix(std::int64_t outputs, std::int64_t inputs);

  // Rows of W from `first` on, contiguous [count, I].
  void set_rows(std::int64_t first, const Element* rows, std::int64_t count);
  // The bias of the outputs from `first` on; it is zero where none was set.
  void set_bias(std::int64_t first, const Element* bias, std::int64_t count);

  std::int64_t panels() const { return panels_; }
  std::int64_t depth() const { return depth_; }  // I rounded up
  const Element* panel(std::int64_t index) const { return weights_.data() + index * depth_ * panel_width; }
  const float* bias(std::int64_t panel) const { return bias_.data() + panel * panel_width; }

 private:
  void set_rows_of_panel(std::int64_t first, const Element* rows, std::int64_t count);

  std::int64_t inputs_;
  std::int64_t depth_;
  std::int64_t panels_;
  AlignedVector<Element> weights_;
  AlignedVector<float> bias_;
};

extern template class PackedMatrix<float>;
extern template class PackedMatrix<Bfloat16>;

}  // namespace ballast
