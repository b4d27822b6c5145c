// bfloat16 against float32. Rounding to its 8 bits of mantissa errs by at most u = 2^-9 of the value. Between the
// tokens and the logits of two blocks lie about 40 roundings (weights, projections, norms, residual sums); independent,
// they leave a relative error of about sqrt(40) u = 6 u. The bounds allow for two and a half times that forward, and
// twice as much again for gradients, which pass through the rounded forward and then backward.
#include <gmock/gmock.h>

#include "tests/workers/model/tiny_models.h"
#include "workers/model/causal_lm.h"
#include "workers/model/layers.h"
#include "workers/model/safetensors.h"
#include "workers/model/score_model.h"

namespace ballast {
namespace {

constexpr double unit_roundoff = 1.0 / 512;
constexpr double forward_bound = 16 * unit_roundoff;
constexpr double gradient_bound = 2 * forward_bound;

constexpr auto float32 = ComputeDType::float32;
constexpr auto bfloat16 = ComputeDType::bfloat16;

double relative_error(const torch::Tensor& actual, const torch::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

double cosine(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.dot(b) / (a.norm() * b.norm())).item<double>();
}

// Three sequences of 24, 7 and 1 tokens.
PackedTokens three_sequences() {
  torch::manual_seed(3);
  std::vector<std::vector<std::int64_t>> sequences;
  for (const std::int64_t length : {24, 7, 1}) {
    const torch::Tensor ids = torch::randint(0, 37, {length}, torch::kInt64);
    sequences.emplace_back(ids.data_ptr<std::int64_t>(), ids.data_ptr<std::int64_t>() + length);
  }
  return PackedTokens::from_sequences(sequences);
}

// One set of weights in a folder, with matrices large enough that attention and logits (up to 2 or so) are not uniform.
// Norms stay 1: at 4, logits of 8 and softmax between them amplify every rounding, and gradients err by 0.1, here as in
// transformers (0.07 to 0.11, against 0.009 to 0.014 with norms of 1).
template <typename AnyModel>
void save_sharpened(AnyModel& model, const std::filesystem::path& folder) {
  for (const Segment& segment : model.parameters().segments())
    if (segment.spec.initial_mean == 0.0) model.parameters().values(segment).mul_(4.0);
  model.save(folder);
}

class Bfloat16 : public testing::TestWithParam<Family> {
 protected:
  Bfloat16() {
    save_sharpened(*CausalLM::from_source(wide_model(), Use::Learn), words_.path());
    save_sharpened(*ScoreModel::from_source(wide_model(), ScoreType::Reward, Use::Learn), scores_.path());
  }
  static ModelSource wide_model() {
    auto source = tiny_model(GetParam());
    source.random->hidden = 64;
    source.random->intermediate = 96;
    return source;
  }
  std::unique_ptr<CausalLM> language_model(ComputeDType dtype, Use use) const {
    return CausalLM::from_source({.path = words_.path(), .dtype = dtype}, use);
  }
  std::unique_ptr<ScoreModel> score_model(ComputeDType dtype, Use use) const {
    return ScoreModel::from_source({.path = scores_.path(), .dtype = dtype}, ScoreType::Reward, use);
  }
  TemporaryFolder words_, scores_;
};
INSTANTIATE_TEST_SUITE_P(Families, Bfloat16,
                         testing::Values(Family::Llama, Family::Mistral, Family::Qwen2, Family::Gpt2));

TEST_P(Bfloat16, GivesLogitsWithinItsRounding) {
  const auto logits = [&](ComputeDType dtype) {
    const auto model = language_model(dtype, Use::Infer);
    return model->logits(model->hidden(three_sequences()));
  };
  EXPECT_EQ(logits(bfloat16).scalar_type(), torch::kFloat32);
  const double error = relative_error(logits(bfloat16), logits(float32));
  EXPECT_LT(error, forward_bound);
  EXPECT_GT(error, unit_roundoff / 4) << "it did not compute in bfloat16";
}

// A log-probability is a difference of logits, so it errs by as much as twice their error.
TEST_P(Bfloat16, GivesLogProbabilitiesWithinItsRounding) {
  const auto log_probs = [&](ComputeDType dtype) {
    return language_model(dtype, Use::Infer)->next_token_log_probs(three_sequences());
  };
  const auto model = language_model(float32, Use::Infer);
  const double largest_logit = model->logits(model->hidden(three_sequences())).abs().max().item<double>();
  EXPECT_EQ(log_probs(bfloat16).scalar_type(), torch::kFloat32);
  EXPECT_LT((log_probs(bfloat16) - log_probs(float32)).abs().max().item<double>(), 2 * forward_bound * largest_logit);
}

TEST_P(Bfloat16, GivesScoresWithinItsRoundingAndFinerThanIt) {
  const auto scores = [&](ComputeDType dtype) { return score_model(dtype, Use::Infer)->scores(three_sequences()); };
  EXPECT_LT(relative_error(scores(bfloat16), scores(float32)), forward_bound);
  EXPECT_FALSE(torch::equal(scores(bfloat16), scores(bfloat16).to(torch::kBFloat16).to(torch::kFloat32)))
      << "the head's product was rounded to 8 bits";
}

TEST_P(Bfloat16, GivesGradientsThatPointWhereThoseOfFloat32Point) {
  const auto gradient = [&](ComputeDType dtype) {
    const auto model = language_model(dtype, Use::Learn);
    model->next_token_log_probs(three_sequences()).sum().backward();
    return model->parameters().flat_gradient().clone();
  };
  const torch::Tensor expected = gradient(float32), actual = gradient(bfloat16);
  EXPECT_EQ(actual.scalar_type(), torch::kFloat32);
  EXPECT_LT(relative_error(actual, expected), gradient_bound);
  EXPECT_GT(cosine(actual, expected), 1.0 - gradient_bound * gradient_bound / 2);
  EXPECT_NEAR((actual.norm() / expected.norm()).item<double>(), 1.0, gradient_bound);
}

TEST_P(Bfloat16, GivesAScoresGradientToHeadAndBackbone) {
  const auto gradient = [&](ComputeDType dtype) {
    const auto model = score_model(dtype, Use::Learn);
    model->end_scores(three_sequences()).square().sum().backward();
    return model->parameters().flat_gradient().clone();
  };
  const torch::Tensor expected = gradient(float32), actual = gradient(bfloat16);
  EXPECT_LT(relative_error(actual, expected), gradient_bound);
  EXPECT_GT(cosine(actual, expected), 1.0 - gradient_bound * gradient_bound / 2);
}

TEST_P(Bfloat16, ComputesTheSameBitsTwice) {
  const auto gradient = [&] {
    const auto model = language_model(bfloat16, Use::Learn);
    model->next_token_log_probs(three_sequences()).sum().backward();
    return model->parameters().flat_gradient().clone();
  };
  EXPECT_TRUE(torch::equal(gradient(), gradient()));
}

TEST_P(Bfloat16, SavesTheMastersThatItLearnsAndItsOwnBitsWhenItInfers) {
  const TemporaryFolder learning, inferring;
  const auto learner = language_model(bfloat16, Use::Learn);
  learner->save(learning.path());
  const auto original = language_model(float32, Use::Learn);
  EXPECT_TRUE(torch::equal(CausalLM::from_source({.path = learning.path()}, Use::Learn)->parameters().flat(),
                           original->parameters().flat()));
  language_model(bfloat16, Use::Infer)->save(inferring.path());
  for (const auto& [folder, dtype] : {std::pair{learning.path(), "float32"}, {inferring.path(), "bfloat16"}})
    EXPECT_EQ(read_model_config(folder).original.at("torch_dtype"), dtype);
  const SafetensorsReader saved(inferring.path());
  for (const Segment& segment : original->parameters().segments())
    EXPECT_TRUE(
        torch::equal(saved.tensor(segment.spec.name), original->parameters().values(segment).to(torch::kBFloat16)))
        << segment.spec.name;
}

TEST_P(Bfloat16, DrawsTheRoundedValuesOfFloat32) {
  const auto drawn = [&](ComputeDType dtype) {
    auto source = tiny_model(GetParam());
    source.dtype = dtype;
    return CausalLM::from_source(source, Use::Infer)->parameters().flat();
  };
  EXPECT_TRUE(torch::equal(drawn(bfloat16), drawn(float32).to(torch::kBFloat16)));
}

TEST(Embed, SumsTheGradientOfAFrequentTokenInFloat32) {
  const torch::Tensor table_VE = torch::zeros({2, 3}, torch::kBFloat16).requires_grad_();
  embed(table_VE, torch::ones({1024}, torch::kInt64)).sum().backward();
  EXPECT_TRUE(torch::equal(table_VE.grad()[1], torch::full({3}, 1024.0, torch::kBFloat16)));
  EXPECT_TRUE(torch::equal(table_VE.grad()[0], torch::zeros({3}, torch::kBFloat16)));
}

}  // namespace
}  // namespace ballast
