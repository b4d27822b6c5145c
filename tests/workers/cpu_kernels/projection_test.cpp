#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/workers/cpu_kernels/some_elements.h"
#include "tests/workers/cpu_kernels/emulated_tiles.h"
#include "workers/cpu_kernels/projection_kernels.h"

namespace ballast {
namespace {

struct Shape {
  std::int64_t outputs = 0;
  std::int64_t inputs = 0;
};

// Not all are whole panels, pairs or tiles.
const std::vector<Shape> shapes{{16, 32}, {5, 3}, {48, 100}, {37, 16}, {130, 33}, {64, 257}};

template <typename Element>
struct Case {
  Case(const Shape& given_shape, std::int64_t given_rows)
      : shape(given_shape),
        rows(given_rows),
        weights(some_elements<Element>(shape.outputs * shape.inputs, 1)),
        bias(some_elements<Element>(shape.outputs, 2)),
        packed(shape.outputs, shape.inputs),
        input_stride(row_stride(shape.inputs)),
        output_stride(row_stride(shape.outputs)),
        inputs(rows * input_stride) {
    // In two parts, as those of q, k and v are packed.
    const std::int64_t half = shape.outputs / 2;
    packed.set_rows(0, weights.data(), half);
    packed.set_rows(half, weights.data() + half * shape.inputs, shape.outputs - half);
    packed.set_bias(0, bias.data(), shape.outputs);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto x = some_elements<Element>(shape.inputs, 3 + row);
      std::copy(x.begin(), x.end(), inputs.begin() + row * input_stride);
    }
  }

  using Kernel = std::function<void(const Projection<Element>&, PanelRange)>;
  // Outputs of the first rows, panel after panel in ranges of so many.
  AlignedVector<Element> outputs_of(const Kernel& kernel, std::int64_t first_rows, std::int64_t range) const {
    AlignedVector<Element> outputs(rows * output_stride);
    const Projection<Element> layer{.weights = packed,
                                    .inputs = inputs.data(),
                                    .input_stride = input_stride,
                                    .outputs = outputs.data(),
                                    .output_stride = output_stride,
                                    .rows = first_rows};
    for (std::int64_t panel = 0; panel < packed.panels(); panel += range)
      kernel(layer, {panel, std::min(panel + range, packed.panels())});
    return outputs;
  }

  double expected(std::int64_t row, std::int64_t output) const {
    double sum = widened(bias[output]);
    for (std::int64_t i = 0; i < shape.inputs; ++i)
      sum += static_cast<double>(widened(weights[output * shape.inputs + i])) * widened(inputs[row * input_stride + i]);
    return sum;
  }

  Shape shape;
  std::int64_t rows;
  std::vector<Element> weights, bias;
  PackedMatrix<Element> packed;
  std::int64_t input_stride, output_stride;
  AlignedVector<Element> inputs;
};

template <typename Element>
void expect_products(const typename Case<Element>::Kernel& kernel) {
  constexpr double rounding = std::is_same_v<Element, float> ? 1e-6 : 4e-3;  // of the result
  for (const auto& shape : shapes) {
    for (const std::int64_t rows : {1, 3, 4, 13, 16, 29, 40}) {
      const Case<Element> given(shape, rows);
      const auto found = given.outputs_of(kernel, rows, given.packed.panels());
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t output = 0; output < shape.outputs; ++output) {
          const double expected = given.expected(row, output);
          const double bound = rounding * std::abs(expected) + 1e-6 * std::sqrt(static_cast<double>(shape.inputs));
          ASSERT_NEAR(widened(found[row * given.output_stride + output]), expected, bound)
              << shape.outputs << " x " << shape.inputs << ", row " << row << " of " << rows << ", output " << output;
        }
      }
    }
  }
}

// Alone or in company, in one range of panels or in several.
template <typename Element>
void expect_bits_of_a_row_alone(const typename Case<Element>::Kernel& kernel) {
  for (const auto& shape : shapes) {
    const Case<Element> given(shape, 45);
    const auto together = given.outputs_of(kernel, 45, given.packed.panels());
    for (const std::int64_t rows : {1, 7, 8, 20}) {
      const auto fewer = given.outputs_of(kernel, rows, 3);
      for (std::int64_t row = 0; row < rows; ++row)
        for (std::int64_t output = 0; output < shape.outputs; ++output)
          ASSERT_EQ(widened(fewer[row * given.output_stride + output]),
                    widened(together[row * given.output_stride + output]));
    }
  }
}

void project_with_emulated_tiles(const Projection<Bfloat16>& projection, PanelRange panels) {
  TileProjection<EmulatedTiles>(projection).run(panels);
}

template <typename Element>
void project_with_the_fastest(const Projection<Element>& projection, PanelRange panels) {
  project(projection, panels);
}

TEST(Projection, WithLanesIsTheLayersProduct) {
  expect_products<float>([](const auto& layer, PanelRange panels) { project_with_lanes(layer, panels); });
  expect_products<Bfloat16>([](const auto& layer, PanelRange panels) { project_with_lanes(layer, panels); });
}

TEST(Projection, WithPairsIsTheLayersProduct) {
  if (!has_bfloat16_pairs()) GTEST_SKIP() << "this processor has no AVX512-BF16";
  expect_products<Bfloat16>(project_with_pairs);
}

TEST(Projection, WithEmulatedTilesIsTheLayersProduct) { expect_products<Bfloat16>(project_with_emulated_tiles); }

TEST(Projection, WithTilesIsTheLayersProduct) {
  if (!has_tiles()) GTEST_SKIP() << "this processor has no AMX";
  expect_products<Bfloat16>(project_with_tiles);
}

TEST(Projection, GivesARowTheSameBitsInAnyCompany) {
  expect_bits_of_a_row_alone<float>(project_with_the_fastest<float>);
  expect_bits_of_a_row_alone<Bfloat16>(project_with_the_fastest<Bfloat16>);
  expect_bits_of_a_row_alone<Bfloat16>(project_with_emulated_tiles);
  expect_bits_of_a_row_alone<Bfloat16>([](const auto& layer, PanelRange panels) { project_with_lanes(layer, panels); });
}

TEST(Projection, LeavesZerosBeyondTheLastOutput) {
  const Case<float> given({37, 16}, 3);
  const auto found = given.outputs_of(project_with_the_fastest<float>, 3, 8);
  for (std::int64_t output = 37; output < 48; ++output) EXPECT_EQ(found[2 * given.output_stride + output], 0.0F);
}

}  // namespace
}  // namespace ballast
