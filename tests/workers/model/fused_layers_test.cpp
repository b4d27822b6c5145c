#include "workers/model/fused_layers.h"

#include <gtest/gtest.h>

#include <functional>

#include "workers/model/products.h"

namespace ballast {
namespace {

using Inputs = std::vector<torch::Tensor>;
using Formula = std::function<torch::Tensor(const Inputs&)>;

Inputs leaves(const Inputs& drawn, torch::ScalarType dtype) {
  Inputs found;
  for (const auto& x : drawn) found.push_back(x.to(dtype).requires_grad_(true));
  return found;
}

void expect_close(const torch::Tensor& found, const torch::Tensor& due, double tolerance) {
  const double scale = due.abs().max().item<double>();
  EXPECT_LE((found.to(torch::kFloat64) - due).abs().max().item<double>(), tolerance * scale);
}

// Value and gradients in `dtype` against the formula in float64 of the same rounded inputs.
void expect_equal(const Formula& own, const Formula& formula, const Inputs& drawn, torch::ScalarType dtype,
                  double tolerance) {
  const Inputs in = leaves(drawn, dtype), exact = leaves(leaves(drawn, dtype), torch::kFloat64);
  const torch::Tensor found = own(in), due = formula(exact);
  expect_close(found, due, tolerance);
  const torch::Tensor weights = torch::randn_like(due).to(dtype);
  const auto gradients = torch::autograd::grad({(found * weights).sum()}, in);
  const auto expected = torch::autograd::grad({(due * weights.to(torch::kFloat64)).sum()}, exact);
  for (std::size_t i = 0; i < in.size(); ++i) expect_close(gradients[i], expected[i], tolerance);
}

struct Precision {
  torch::ScalarType dtype;
  double tolerance;
};

const Precision float32{torch::kFloat32, 2e-6};
const Precision bfloat16{torch::kBFloat16, 2e-2};

// Widths of whole lanes, of less than one, and of some and a rest.
class FusedLayer : public testing::TestWithParam<std::tuple<Precision, std::int64_t>> {
 protected:
  void expect(const Formula& own, const Formula& formula, const Inputs& drawn) const {
    const Precision& precision = std::get<0>(GetParam());
    expect_equal(own, formula, drawn, precision.dtype, precision.tolerance);
  }
  std::int64_t width() const { return std::get<1>(GetParam()); }
  void SetUp() override { torch::manual_seed(2); }
};

torch::Tensor norm_formula(const torch::Tensor& x, const torch::Tensor& weight) {
  return x * (x.square().mean(1, true) + 1e-5).rsqrt() * weight;
}

TEST_P(FusedLayer, NormEqualsItsFormula) {
  expect(
      [](const Inputs& in) {
        return RmsNorm{in[1], 1e-5}(in[0]);
      },
      [](const Inputs& in) { return norm_formula(in[0], in[1]); },
      {torch::randn({7, width()}), torch::randn({width()})});
}

TEST_P(FusedLayer, NormAfterAResidualConnectionEqualsItsFormula) {
  const auto own = [](const Inputs& in) {
    torch::Tensor stream = in[0];
    const torch::Tensor normed = RmsNorm{in[2], 1e-5}.add(stream, in[1]);
    return torch::cat({normed, stream});
  };
  const auto formula = [](const Inputs& in) {
    const torch::Tensor stream = in[0] + in[1];
    return torch::cat({norm_formula(stream, in[2]), stream});
  };
  expect(own, formula, {torch::randn({7, width()}), torch::randn({7, width()}), torch::randn({width()})});
}

TEST_P(FusedLayer, SwigluEqualsItsFormula) {
  expect([](const Inputs& in) { return swiglu(in[0]); },
         [](const Inputs& in) {
           const auto halves = in[0].chunk(2, 1);
           return halves[0] * torch::sigmoid(halves[0]) * halves[1];
         },
         {3.0 * torch::randn({7, 2 * width()})});
}

TEST_P(FusedLayer, ProjectionEqualsItsFormula) {
  expect([](const Inputs& in) { return project(in[0], in[1], in[2]); },
         [](const Inputs& in) { return torch::mm(in[0], in[1].t()) + in[2]; },
         {torch::randn({70, width()}), torch::randn({19, width()}), torch::randn({19})});
}

INSTANTIATE_TEST_SUITE_P(Widths, FusedLayer,
                         testing::Combine(testing::Values(float32, bfloat16), testing::Values(3, 32, 37)));

TEST(Swiglu, IsTheUpProjectionOrNothingAtTheEndsOfTheGate) {
  const torch::Tensor gate_up = torch::tensor({{1e4F, -1e4F, 2.0F, 2.0F}});
  EXPECT_TRUE(torch::allclose(swiglu(gate_up), torch::tensor({{2e4F, 0.0F}}), 1e-6, 1e-30));
}

TEST(RmsNorm, OfASumThatNothingElseReadsHasItsGradient) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({4, 20}).requires_grad_(true), delta = torch::randn({4, 20});
  const torch::Tensor weight = torch::randn({20});
  torch::Tensor stream = x;
  RmsNorm{weight, 1e-5}.add(stream, delta).sum().backward();
  const torch::Tensor leaf = x.detach().requires_grad_(true);
  norm_formula(leaf + delta, weight).sum().backward();
  EXPECT_TRUE(torch::allclose(x.grad(), leaf.grad(), 1e-4, 1e-5));
}

TEST(FusedLayers, LeaveFloat64ToATen) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({3, 6}, torch::kFloat64), weight = torch::randn({6}, torch::kFloat64);
  EXPECT_TRUE(torch::allclose(RmsNorm{weight, 1e-5}(x), norm_formula(x, weight), 1e-12, 1e-14));
}

}  // namespace
}  // namespace ballast
