#include "workers/model/causal_lm.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/workers/model/tiny_models.h"
#include "workers/model/safetensors.h"

namespace ballast {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::map<std::string, torch::Tensor> tensors_of(const std::filesystem::path& folder) {
  const SafetensorsReader reader(folder);
  std::map<std::string, torch::Tensor> tensors;
  for (const std::string& name : reader.names()) tensors[name] = reader.tensor(name);
  return tensors;
}

// Two sequences of 5 and 3 tokens, packed.
PackedTokens two_sequences() {
  return {.tokens_N = torch::tensor({3, 4, 5, 6, 7, 8, 9, 10}),
          .positions_N = torch::tensor({0, 1, 2, 3, 4, 0, 1, 2}),
          .cu_lengths = {0, 5, 8}};
}

PackedTokens second_sequence() {
  return {.tokens_N = torch::tensor({8, 9, 10}), .positions_N = torch::tensor({0, 1, 2}), .cu_lengths = {0, 3}};
}

class EveryFamily : public testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(Families, EveryFamily,
                         testing::Values(Family::Llama, Family::Mistral, Family::Qwen2, Family::Gpt2));

TEST_P(EveryFamily, GivesTheSameBitsForTheSameSeedAndOthersForAnother) {
  const auto values = [&](std::int64_t seed) {
    return CausalLM::from_source(tiny_model(GetParam(), seed), Use::Infer)->parameters().flat();
  };
  EXPECT_TRUE(torch::equal(values(7), values(7)));
  EXPECT_FALSE(torch::equal(values(7), values(8)));
}

TEST_P(EveryFamily, ReadsBackWhatItSavedBitForBit) {
  const TemporaryFolder folder;
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Learn);
  model->save(folder.path());
  const auto again = CausalLM::from_source({.path = folder.path()}, Use::Learn);
  EXPECT_TRUE(torch::equal(again->parameters().flat(), model->parameters().flat()));
  EXPECT_TRUE(torch::equal(again->next_token_log_probs(two_sequences()), model->next_token_log_probs(two_sequences())));
}

TEST_P(EveryFamily, LearnsEveryParameterByOneBackwardPass) {
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Learn);
  model->next_token_log_probs(two_sequences()).sum().backward();
  for (const Segment& segment : model->parameters().segments()) {
    // A key's bias shifts all scores of a query alike: its gradient is zero but for rounding.
    if (segment.spec.name.ends_with("k_proj.bias")) continue;
    const torch::Tensor gradient = model->parameters().flat_gradient().narrow(0, segment.offset, segment.numel);
    EXPECT_GT(gradient.abs().max().item<double>(), 0.0) << segment.spec.name;
  }
}

TEST_P(EveryFamily, KeepsPackedSequencesApart) {
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Infer);
  const torch::Tensor together = model->next_token_log_probs(two_sequences()).narrow(0, 5, 3);
  EXPECT_TRUE(torch::allclose(together, model->next_token_log_probs(second_sequence()), 1e-5, 1e-6));
}

TEST_P(EveryFamily, GivesLogProbabilitiesThatAgreeWithItsLogits) {
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Infer);
  const auto packed = two_sequences();
  const torch::Tensor all_NV = model->logits(model->hidden(packed)).log_softmax(-1);
  const torch::Tensor actual_N = model->next_token_log_probs(packed);
  for (std::int64_t n = 0; n < 8; ++n) {
    const bool last = n == 4 || n == 7;
    const double expected = last ? 0.0 : all_NV[n][packed.tokens_N[n + 1]].item<double>();
    EXPECT_NEAR(actual_N[n].item<double>(), expected, 1e-5) << n;
  }
}

// Bit for bit: the first ratio of new to old policy must be 1.
TEST_P(EveryFamily, GivesALossTheLogProbabilitiesThatItGivesWithoutOne) {
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Learn);
  const auto wanted_N = torch::tensor({false, false, true, true, false, true, true, false});
  const auto found =
      model->next_token_loss(model->hidden(two_sequences()), two_sequences(), wanted_N,
                             [](const auto& log_probs_m, const auto& rows_m) { return (log_probs_m * rows_m).sum(); });
  const torch::Tensor log_probs_N = model->next_token_log_probs(two_sequences(), wanted_N);
  EXPECT_TRUE(torch::equal(found.log_probs_N, log_probs_N));
  EXPECT_TRUE(torch::equal(log_probs_N != 0, wanted_N));
  const torch::Tensor loss = (log_probs_N * torch::arange(8)).sum();
  EXPECT_NEAR(found.loss.item<double>(), loss.item<double>(), 1e-4);
  found.loss.backward();
  const torch::Tensor gradient = model->parameters().flat_gradient().clone();
  model->parameters().zero_gradient();
  loss.backward();
  EXPECT_TRUE(torch::allclose(gradient, model->parameters().flat_gradient(), 1e-4, 1e-4));
}

TEST_P(EveryFamily, HasGradientsOfTheSameBitsWhereActivationsAreComputedAgain) {
  for (const auto dtype : {ComputeDType::float32, ComputeDType::bfloat16}) {
    const auto gradient = [&](bool again) {
      auto source = tiny_model(GetParam());
      source.dtype = dtype;
      source.activation_checkpointing = again;
      const auto model = CausalLM::from_source(source, Use::Learn);
      for (int pass = 0; pass < 2; ++pass) model->next_token_log_probs(two_sequences()).sum().backward();
      return model->parameters().flat_gradient().clone();
    };
    EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
  }
}

// (f(w + h d) - f(w - h d)) / 2h against the gradient along d, for one random direction d through all parameters.
TEST_P(EveryFamily, HasTheGradientOfItsOwnDifferences) {
  const auto model = CausalLM::from_source(tiny_model(GetParam()), Use::Learn);
  const auto loss = [&] { return model->next_token_log_probs(two_sequences()).to(torch::kFloat64).sum(); };
  loss().backward();
  const torch::NoGradGuard no_grad;
  torch::manual_seed(5);
  const torch::Tensor direction = torch::randn_like(model->parameters().flat());
  const double expected = model->parameters().flat_gradient().dot(direction).item<double>();
  const double h = 5e-4;
  model->parameters().flat().add_(direction, h);
  const double above = loss().item<double>();
  model->parameters().flat().sub_(direction, 2 * h);
  const double below = loss().item<double>();
  EXPECT_NEAR((above - below) / (2 * h), expected, 0.01 * std::abs(expected) + 0.02);
}

TEST(CausalLM, DrawsAParameterWhateverOthersThereAre) {
  auto deep = tiny_model(Family::Llama);
  deep.random->layers = 3;
  const auto two = CausalLM::from_source(tiny_model(Family::Llama), Use::Infer);
  const auto three = CausalLM::from_source(deep, Use::Infer);
  EXPECT_TRUE(torch::equal(two->parameters().at("lm_head.weight"), three->parameters().at("lm_head.weight")));
}

TEST(CausalLM, SavesATiedHeadOnce) {
  const TemporaryFolder folder;
  auto source = tiny_model(Family::Qwen2);
  source.random->tied_embeddings = true;
  CausalLM::from_source(source, Use::Infer)->save(folder.path());
  EXPECT_FALSE(SafetensorsReader(folder.path()).contains("lm_head.weight"));
  EXPECT_NO_THROW(CausalLM::from_source({.path = folder.path()}, Use::Infer));
}

TEST(CausalLM, ToleratesAMissingPrefixAndObsoleteBuffers) {
  const TemporaryFolder folder;
  const auto model = CausalLM::from_source(tiny_model(Family::Gpt2), Use::Infer);
  model->save(folder.path());
  std::map<std::string, torch::Tensor> renamed{{"h.0.attn.bias", torch::ones({1, 1, 32, 32}, torch::kBool)},
                                               {"h.0.attn.masked_bias", torch::tensor(-1e4)}};
  for (const auto& [name, tensor] : tensors_of(folder.path()))
    renamed[name.substr(std::string("transformer.").size())] = tensor;
  write_safetensors(folder.path() / "model.safetensors", renamed);
  const auto again = CausalLM::from_source({.path = folder.path()}, Use::Infer);
  EXPECT_TRUE(torch::equal(again->parameters().flat(), model->parameters().flat()));
}

class DamagedCheckpoint : public testing::Test {
 protected:
  DamagedCheckpoint() {
    CausalLM::from_source(tiny_model(Family::Llama), Use::Infer)->save(folder_.path());
    tensors_ = tensors_of(folder_.path());
  }
  void expect_refused(const std::string& tensor, const std::string& what) {
    write_safetensors(folder_.path() / "model.safetensors", tensors_);
    EXPECT_THAT([&] { CausalLM::from_source({.path = folder_.path()}, Use::Infer); },
                ThrowsMessage<ModelError>(
                    AllOf(HasSubstr("model.safetensors"), HasSubstr("'" + tensor + "'"), HasSubstr(what))));
  }
  TemporaryFolder folder_;
  std::map<std::string, torch::Tensor> tensors_;
};

TEST_F(DamagedCheckpoint, IsNamedWhenATensorIsMissing) {
  tensors_.erase("model.norm.weight");
  expect_refused("model.norm.weight", "found none; expected shape [16]");
}

TEST_F(DamagedCheckpoint, IsNamedWhenATensorIsUnexpected) {
  tensors_["model.layers.2.mlp.up_proj.weight"] = torch::zeros({1});
  expect_refused("model.layers.2.mlp.up_proj.weight", "without it");
}

TEST_F(DamagedCheckpoint, IsNamedWhenAShapeDoesNotFit) {
  tensors_["model.norm.weight"] = torch::zeros({15});
  expect_refused("model.norm.weight", "found shape [15]; expected [16]");
}

// 2^31 x 16 floats are 128 GiB: the header says no before anyone asks for them.
TEST_F(DamagedCheckpoint, IsNamedBeforeMemoryIsTakenForAnAbsurdShape) {
  std::ifstream stream(folder_.path() / "config.json");
  auto json = nlohmann::json::parse(stream);
  json["vocab_size"] = std::int64_t{1} << 31;
  std::ofstream(folder_.path() / "config.json") << json;
  expect_refused("model.embed_tokens.weight", "found shape [37, 16]; expected [2147483648, 16]");
}

TEST_F(DamagedCheckpoint, IsNamedWhenADtypeDoesNotFit) {
  tensors_["model.norm.weight"] = torch::zeros({16}, torch::kInt64);
  expect_refused("model.norm.weight", "found dtype I64; expected F32, BF16 or F16");
}

TEST_F(DamagedCheckpoint, IsReadInHalfPrecision) {
  for (auto& [name, tensor] : tensors_)
    tensor = tensor.to(name.find("mlp") == std::string::npos ? torch::kBFloat16 : torch::kFloat16);
  write_safetensors(folder_.path() / "model.safetensors", tensors_);
  const auto model = CausalLM::from_source({.path = folder_.path()}, Use::Infer);
  for (const auto& [name, tensor] : tensors_)
    EXPECT_TRUE(torch::equal(model->parameters().at(name), tensor.to(torch::kFloat32))) << name;
}

}  // namespace
}  // namespace ballast
