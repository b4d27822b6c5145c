#include "workers/cpu_kernels/packed_matrix.h"

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
  constexpr std::int64_t group = sizeof(float) / sizeof(Element);  // inputs that lie side by side
  for (std::int64_t row = 0; row < count; ++row) {
    const std::int64_t output = first + row;
    Element* to = weights_.data() + output / panel_width * depth_ * panel_width + output % panel_width * group;
    const Element* from = rows + row * inputs_;
    for (std::int64_t i = 0; i < inputs_; ++i) to[i / group * panel_width * group + i % group] = from[i];
  }
}

template <typename Element>
void PackedMatrix<Element>::set_bias(std::int64_t first, const Element* bias, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) bias_[first + i] = widened(bias[i]);
}

template class PackedMatrix<float>;
template class PackedMatrix<Bfloat16>;

}  // namespace ballast
