#include "workers/cpu_kernels/rms_norm.h"

#include <cmath>

namespace ballast::cpu {
namespace {

template <typename Element>
BALLAST_INLINE void add_norm_row(const AddNorm<Element>& norm, std::int64_t row) {
  const Element* x = norm.x_NE + row * norm.width;
  const Element* normed = x;
  Lanes squares = {};
  for (std::int64_t i = 0; i < norm.width; i += lane_count) {
    const std::int64_t count = norm.width - i;
    Lanes lanes;
    load_some(lanes, x + i, count, 0.0F);
    if (norm.delta_NE) {
      Lanes delta;
      load_some(delta, norm.delta_NE + row * norm.width + i, count, 0.0F);
      lanes += delta;
      Element* sum = norm.sum_NE + row * norm.width + i;
      store_some(sum, lanes, count);
      load_some(lanes, sum, count, 0.0F);  // as it was rounded
    }
    squares += lanes * lanes;
  }
  if (norm.delta_NE) normed = norm.sum_NE + row * norm.width;
  const float scale = 1.0F / std::sqrt(sum_of(squares) / static_cast<float>(norm.width) + norm.epsilon);
  norm.scale_N[row] = scale;
  for (std::int64_t i = 0; i < norm.width; i += lane_count) {
    const std::int64_t count = norm.width - i;
    Lanes lanes, weight;
    load_some(lanes, normed + i, count, 0.0F);
    load_some(weight, norm.weight_E + i, count, 0.0F);
    store_some(norm.out_NE + row * norm.width + i, lanes * scale * weight, count);
  }
}

// y = s x w with s = (mean(x^2) + epsilon)^(-1/2): dx = s w dy - x s^3 / E sum(w dy x), dw = sum over rows of s x dy.
template <typename Element>
BALLAST_INLINE void gradient_row(const AddNormGradient<Element>& gradient, std::int64_t row) {
  const std::int64_t begin = row * gradient.width;
  const float scale = gradient.scale_N[row];
  Lanes products = {};
  for (std::int64_t i = 0; i < gradient.width; i += lane_count) {
    const std::int64_t count = gradient.width - i;
    Lanes x, dy, weight, dw;
    load_some(x, gradient.sum_NE + begin + i, count, 0.0F);
    load_some(dy, gradient.out_gradient_NE + begin + i, count, 0.0F);
    load_some(weight, gradient.weight_E + i, count, 0.0F);
    load_some(dw, gradient.weight_gradient_E + i, count, 0.0F);
    const Lanes x_dy = x * dy;
    products += x_dy * weight;
    store_some(gradient.weight_gradient_E + i, dw + x_dy * scale, count);
  }
  const float along_x = scale * scale * scale * sum_of(products) / static_cast<float>(gradient.width);
  for (std::int64_t i = 0; i < gradient.width; i += lane_count) {
    const std::int64_t count = gradient.width - i;
    Lanes x, dy, weight, other = {};
    load_some(x, gradient.sum_NE + begin + i, count, 0.0F);
    load_some(dy, gradient.out_gradient_NE + begin + i, count, 0.0F);
    load_some(weight, gradient.weight_E + i, count, 0.0F);
    if (gradient.sum_gradient_NE) load_some(other, gradient.sum_gradient_NE + begin + i, count, 0.0F);
    store_some(gradient.gradient_NE + begin + i, other + (dy * weight * scale - x * along_x), count);
  }
}

}  // namespace

BALLAST_KERNEL void add_norm(const AddNorm<float>& norm) {
  for (std::int64_t row = 0; row < norm.rows; ++row) add_norm_row(norm, row);
}

BALLAST_KERNEL void add_norm(const AddNorm<Bfloat16>& norm) {
  for (std::int64_t row = 0; row < norm.rows; ++row) add_norm_row(norm, row);
}

BALLAST_KERNEL void add_norm_gradient(const AddNormGradient<float>& gradient) {
  for (std::int64_t row = 0; row < gradient.rows; ++row) gradient_row(gradient, row);
}

BALLAST_KERNEL void add_norm_gradient(const AddNormGradient<Bfloat16>& gradient) {
  for (std::int64_t row = 0; row < gradient.rows; ++row) gradient_row(gradient, row);
}

}  // namespace ballast::cpu
