#include "workers/cpu_kernels/packed_matrix.h"

#include <algorithm>

namespace ballast {

template <typename Element>
PackedMatrix<Element>::PackedMatrix(std::int64_t outputs, std::int64_t inputs)
    : inputs_(inputs),
      depth_(rounded_up(inputs, depth_multiple)),
      panels_(rounded_up(outputs, panel_width) / panel_width),
      weights_(panels_ * panel_width * depth_),
      bias_(panels_ * panel_width) {}

template <typename Element>
void PackedMatrix<Element>::set_rows(std::int64_t first, const Element* rows, std::int64_t count) {
  for (std::int64_t row = 0; row < count;) {
    const std::int64_t in_panel = std::min(count - row, panel_width - (first + row) % panel_width);
    set_rows_of_panel(first + row, rows + row * inputs_, in_panel);
    row += in_panel;
  }
}

// Along the panel, so that each of its cache lines is written once.
template <typename Element>
void PackedMatrix<Element>::set_rows_of_panel(std::int64_t first, const Element* rows, std::int64_t count) {
  constexpr std::int64_t group = sizeof(float) / sizeof(Element);  // inputs that lie side by side
  Element* to = weights_.data() + first / panel_width * depth_ * panel_width + first % panel_width * group;
  const std::int64_t whole = inputs_ / group * group;
  for (std::int64_t i = 0; i < whole; i += group, to += panel_width * group)
    for (std::int64_t row = 0; row < count; ++row)
      for (std::int64_t j = 0; j < group; ++j) to[row * group + j] = rows[row * inputs_ + i + j];
  for (std::int64_t i = whole; i < inputs_; ++i)
    for (std::int64_t row = 0; row < count; ++row) to[row * group] = rows[row * inputs_ + i];
}

template <typename Element>
void PackedMatrix<Element>::set_bias(std::int64_t first, const Element* bias, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) bias_[first + i] = widened(bias[i]);
}

template class PackedMatrix<float>;
template class PackedMatrix<Bfloat16>;

}  // namespace ballast
