#include "workers/model/parameters.h"

#include <gmock/gmock.h>

namespace ballast {
namespace {

using testing::ElementsAre;

std::vector<ParameterSpec> specs() {
  return {{.name = "embed.weight", .shape = {5, 3}, .alias = "lm_head.weight"},
          {.name = "input_layernorm.weight", .shape = {3}},
          {.name = "proj.weight", .shape = {3, 3}},
          {.name = "proj.bias", .shape = {3}},
          {.name = "norm.weight", .shape = {3}}};
}

TEST(Parameters, PutsDecayedOnesInFrontOfTheOthers) {
  const Parameters parameters(specs(), Use::Learn);
  std::vector<std::string> names;
  std::vector<std::int64_t> offsets;
  for (const Segment& segment : parameters.segments()) {
    names.push_back(segment.spec.name);
    offsets.push_back(segment.offset);
  }
  EXPECT_THAT(names, ElementsAre("embed.weight", "proj.weight", "norm.weight", "input_layernorm.weight", "proj.bias"));
  EXPECT_THAT(offsets, ElementsAre(0, 16, 32, 48, 64));
  EXPECT_EQ(parameters.decayed_size(), 48);
  EXPECT_EQ(parameters.trainable_size(), 80);
  EXPECT_EQ(parameters.numel(), 15 + 3 + 9 + 3 + 3);
  EXPECT_EQ(parameters.bytes(), 2 * 80 * 4);
}

TEST(Parameters, DecaysByTheReferencesRule) {
  EXPECT_TRUE(is_decayed("model.norm.weight"));
  EXPECT_TRUE(is_decayed("transformer.h.0.ln_1.weight"));
  EXPECT_FALSE(is_decayed("model.layers.0.input_LayerNorm.weight"));
  EXPECT_FALSE(is_decayed("transformer.h.0.attn.c_attn.BIAS"));
}

TEST(Parameters, AccumulatesEveryBackwardPassIntoTheFlatGradient) {
  Parameters parameters(specs(), Use::Learn);
  const auto loss = [&] {
    torch::Tensor sum = torch::zeros({});
    for (const Segment& segment : parameters.segments()) sum = sum + parameters.at(segment.spec.name).sum();
    return sum;
  };
  const void* storage = parameters.flat_gradient().const_data_ptr();
  for (int pass = 1; pass <= 3; ++pass) {
    loss().backward();
    EXPECT_EQ(parameters.flat_gradient().sum().item<double>(), static_cast<double>(pass * parameters.numel()));
  }
  for (const Segment& segment : parameters.segments()) {
    const torch::Tensor gradient = parameters.at(segment.spec.name).grad();
    EXPECT_TRUE(torch::equal(gradient, torch::full(segment.spec.shape, 3.0))) << segment.spec.name;
    EXPECT_EQ(gradient.storage().data(), storage) << segment.spec.name;
  }
  parameters.zero_gradient();
  EXPECT_EQ(parameters.at("proj.bias").grad().abs().sum().item<double>(), 0.0);
}

TEST(Parameters, SharesItsValuesWithTheFlatStorage) {
  Parameters parameters(specs(), Use::Learn);
  {
    const torch::NoGradGuard no_grad;
    parameters.flat().fill_(2.0);
  }
  EXPECT_TRUE(torch::equal(parameters.at("proj.weight").detach(), torch::full({3, 3}, 2.0)));
}

TEST(Parameters, SumsBothUsesOfATiedWeight) {
  Parameters parameters(specs(), Use::Learn);
  (parameters.at("embed.weight").sum() + 2 * parameters.at("lm_head.weight").sum()).backward();
  EXPECT_TRUE(torch::equal(parameters.at("embed.weight").grad(), torch::full({5, 3}, 3.0)));
}

TEST(Parameters, AreOneLeafWhereTheyFollowEachOther) {
  const std::vector<ParameterSpec> rows{{.name = "q", .shape = {2, 8}}, {.name = "k", .shape = {4, 8}}};
  for (const auto dtype : {ComputeDType::float32, ComputeDType::bfloat16}) {
    Parameters parameters(rows, Use::Learn, dtype);
    parameters.flat().copy_(torch::arange(48));
    parameters.refresh();
    const torch::Tensor both = parameters.joined({"q", "k"});
    EXPECT_TRUE(both.is_leaf());
    EXPECT_TRUE(torch::equal(both.detach(), torch::cat({parameters.at("q"), parameters.at("k")}).detach()));
    (both * torch::arange(6).unsqueeze(1)).sum().backward();
    EXPECT_TRUE(torch::equal(parameters.flat_gradient().view({6, 8}).select(1, 0), torch::arange(6.F)));
  }
}

TEST(Parameters, AreNotJoinedAcrossAGapOrAnotherShape) {
  const Parameters parameters(specs(), Use::Learn);
  EXPECT_FALSE(parameters.joined({"embed.weight", "proj.weight"}).defined());  // a gap of one element
  EXPECT_FALSE(parameters.joined({"input_layernorm.weight", "proj.weight"}).defined());
  EXPECT_THROW(parameters.joined({"embed.weight", "nothing"}), std::out_of_range);
  const Parameters shapes({{.name = "a", .shape = {2, 8}}, {.name = "b", .shape = {8, 2}}}, Use::Learn);
  EXPECT_FALSE(shapes.joined({"a", "b"}).defined());
}

TEST(Parameters, HaveNoGradientWhenTheyOnlyInfer) {
  const Parameters parameters(specs(), Use::Infer);
  EXPECT_EQ(parameters.trainable_size(), 0);
  EXPECT_FALSE(parameters.flat_gradient().defined());
  EXPECT_FALSE(parameters.at("proj.weight").requires_grad());
  EXPECT_EQ(parameters.bytes(), 80 * 4);
}

TEST(Parameters, HoldBfloat16AloneWhenTheyOnlyInferInIt) {
  const Parameters parameters(specs(), Use::Infer, ComputeDType::bfloat16);
  EXPECT_EQ(parameters.at("proj.weight").scalar_type(), torch::kBFloat16);
  EXPECT_EQ(parameters.dtype(), ComputeDType::bfloat16);
  EXPECT_EQ(parameters.bytes(), 80 * 2);
}

TEST(Parameters, LearnInBfloat16OnFloat32Masters) {
  Parameters parameters(specs(), Use::Learn, ComputeDType::bfloat16);
  EXPECT_EQ(parameters.dtype(), ComputeDType::float32);
  EXPECT_EQ(parameters.bytes(), 80 * (4 + 2 + 4));
  torch::manual_seed(1);
  for (const Segment& segment : parameters.segments()) parameters.values(segment).normal_();
  parameters.refresh();
  for (const Segment& segment : parameters.segments()) {
    const torch::Tensor leaf = parameters.at(segment.spec.name);
    EXPECT_TRUE(leaf.requires_grad() && leaf.is_leaf());
    EXPECT_TRUE(torch::equal(leaf.detach(), parameters.values(segment).to(torch::kBFloat16))) << segment.spec.name;
  }
}

// 1 + 2^-10 needs 11 bits: a bfloat16 sum would stay 1 whatever the number of passes.
TEST(Parameters, SumBfloat16GradientsOfManyPassesInFloat32) {
  Parameters parameters(specs(), Use::Learn, ComputeDType::bfloat16);
  const double small = 1.0 / 1024;
  const auto backward = [&](double factor) { (parameters.at("proj.bias") * factor).sum().backward(); };
  backward(1.0);
  for (int pass = 0; pass < 5; ++pass) backward(small);
  const torch::Tensor gradient_B = parameters.flat_gradient().narrow(0, 64, 3);
  EXPECT_TRUE(torch::equal(gradient_B, torch::full({3}, 1.0 + 5 * small)));
  EXPECT_FALSE(parameters.at("proj.bias").grad().defined());
}

TEST(Parameters, SumBothUsesOfATiedBfloat16WeightInFloat32) {
  Parameters parameters(specs(), Use::Learn, ComputeDType::bfloat16);
  (parameters.at("embed.weight").sum() + parameters.at("lm_head.weight").sum() / 1024).backward();
  EXPECT_TRUE(torch::equal(parameters.flat_gradient().narrow(0, 0, 15), torch::full({15}, 1.0 + 1.0 / 1024)));
}

TEST(Parameters, FindTheSegmentOfAnElement) {
  const Parameters parameters(specs(), Use::Learn);
  EXPECT_EQ(parameters.segment_at(0).spec.name, "embed.weight");
  EXPECT_EQ(parameters.segment_at(24).spec.name, "proj.weight");
  EXPECT_EQ(parameters.segment_at(79).spec.name, "proj.bias");
}

TEST(Parameters, RefuseANameThatComesTwiceAndOneThatIsUnknown) {
  EXPECT_THROW(Parameters({{.name = "a", .shape = {1}}, {.name = "a", .shape = {1}}}, Use::Learn),
               std::invalid_argument);
  EXPECT_THROW(Parameters(specs(), Use::Learn).at("nothing"), std::out_of_range);
}

}  // namespace
}  // namespace ballast
