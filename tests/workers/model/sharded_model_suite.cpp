// Each rank makes the whole model for itself and compares its part.
#include "tests/workers/model/sharded_model_suite.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "tests/workers/model/tiny_models.h"
#include "workers/model/between_shards.h"
#include "workers/model/causal_lm.h"
#include "workers/model/parameter_slices.h"
#include "workers/model/score_model.h"

namespace ballast {
namespace {

// Sequences of 9, 0, 5 and 1 tokens: 15 are no multiple of the shards.
PackedTokens unequal_sequences() {
  std::vector<std::vector<std::int64_t>> sequences;
  for (const std::int64_t length : {9, 0, 5, 1}) {
    sequences.emplace_back();
    for (std::int64_t i = 0; i < length; ++i) sequences.back().push_back((11 * length + 7 * i) % 37);
  }
  return PackedTokens::from_sequences(sequences);
}

// No parameter at its initial value: biases would be zero, norms one.
template <typename AnyModel>
void stir(AnyModel& model) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  for (const Segment& segment : model.parameters().segments()) {
    torch::Tensor values = model.parameters().values(segment);
    values.add_(at::normal(0.0, 0.15, values.sizes(), generator));
  }
  model.parameters().refresh();
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

double relative_error(const torch::Tensor& actual, const torch::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

// By parameter: a shard's part of the whole model's gradient, and its own.
struct Gradients {
  std::map<std::string, torch::Tensor> expected, actual;

  Gradients(const Parameters& whole, const Parameters& part) {
    for (const Segment& segment : whole.segments()) expected[segment.spec.name] = gradient_of(whole, segment);
    for (const Segment& segment : part.segments()) {
      const torch::Tensor of_part = gradient_of(part, segment);
      const torch::Tensor due = torch::empty_like(of_part);
      due.copy_(sliced(expected.at(segment.spec.name), segment.spec.slice));
      expected[segment.spec.name] = due.flatten();
      actual[segment.spec.name] = of_part.flatten();
    }
  }
  static torch::Tensor gradient_of(const Parameters& parameters, const Segment& segment) {
    return parameters.flat_gradient().narrow(0, segment.offset, segment.numel).view(segment.spec.shape).clone();
  }
  static torch::Tensor joined(const std::map<std::string, torch::Tensor>& gradients) {
    std::vector<torch::Tensor> all;
    for (const auto& [name, gradient] : gradients) all.push_back(gradient);
    return torch::cat(all);
  }

  double error() const { return relative_error(joined(actual), joined(expected)); }
  void expect_equal() const {
    EXPECT_LT(error(), 1e-5);
    for (const auto& [name, gradient] : actual) {
      // A key's bias shifts all scores of a query alike: its gradient is zero but for rounding.
      if (name.ends_with("k_proj.bias")) continue;
      const torch::Tensor& due = expected.at(name);  // zero where no token of a block occurs
      EXPECT_LE((gradient - due).norm().item<double>(), 1e-4 * due.norm().item<double>()) << name;
    }
  }
  double cosine() const { return at::cosine_similarity(joined(actual), joined(expected), 0).item<double>(); }
};

// The whole model from a folder, and this rank's shard of it.
template <typename AnyModel>
struct WholeAndPart {
  TemporaryFolder folder;
  std::unique_ptr<AnyModel> whole, part;
};

ModelSource whole_source(const ShardedCase& which) {
  ModelSource source = tiny_model(which.family);
  source.random->kv_heads = which.kv_heads;
  source.random->tied_embeddings = which.tied;
  return source;
}

// A rank that has failed does not come.
ModelPlace place_on(Communicator& shards) {
  return {c10::kCPU, {.communicator = &shards, .timeout = std::chrono::seconds(30)}};
}

void read(WholeAndPart<CausalLM>& models, const ModelSource& source, Communicator& shards) {
  models.whole = CausalLM::from_source(source, Use::Learn);
  models.part = CausalLM::from_source(source, Use::Learn, place_on(shards));
}

void make(WholeAndPart<CausalLM>& models, const ModelSource& random, Communicator& shards) {
  const auto model = CausalLM::from_source(random, Use::Infer);
  stir(*model);
  model->save(models.folder.path());
  read(models,
       {.path = models.folder.path(),
        .dtype = random.dtype,
        .activation_checkpointing = random.activation_checkpointing},
       shards);
}

void make(WholeAndPart<ScoreModel>& models, const ModelSource& random, Communicator& shards) {
  const auto model = ScoreModel::from_source(random, ScoreType::Reward, Use::Infer);
  stir(*model);
  model->save(models.folder.path());
  models.whole = ScoreModel::from_folder(models.folder.path(), Use::Learn);
  models.part = ScoreModel::from_folder(models.folder.path(), Use::Learn, ComputeDType::float32, place_on(shards));
}

// A loss of the log-probabilities of some tokens, the way the head makes gradients in its forward pass.
CausalLM::NextTokenLoss loss_of(const CausalLM& model) {
  const PackedTokens packed = unequal_sequences();
  const torch::Tensor wanted_N = torch::arange(packed.tokens()).remainder(4) != 1;
  return model.next_token_loss(model.hidden(packed), packed, wanted_N, [](const auto& log_probs_m, const auto& rows_m) {
    return (log_probs_m.square() * (rows_m + 1)).sum();
  });
}

void expect_same_file(const std::filesystem::path& a, const std::filesystem::path& b, const char* name) {
  EXPECT_TRUE(bytes_of(a / name) == bytes_of(b / name)) << name;
}

template <typename AnyModel>
void expect_same_folder(const WholeAndPart<AnyModel>& models) {
  const TemporaryFolder again;
  models.part->save(again.path());
  if (models.part->shards().index() > 0) return;
  expect_same_file(models.folder.path(), again.path(), "config.json");
  expect_same_file(models.folder.path(), again.path(), "model.safetensors");
}

// What all shards hold has the same gradient on each, bit for bit.
void expect_same_bits_of_copies(const Model& model) {
  for (const Segment& segment : model.parameters().segments()) {
    if (segment.spec.slice.is_cut()) continue;
    const torch::Tensor own = Gradients::gradient_of(model.parameters(), segment);
    EXPECT_TRUE(torch::equal(of_all_shards(model.shards(), own)[0], own)) << segment.spec.name;
  }
}

TEST_P(ShardedModel, GivesTheLogitsAndLogProbabilitiesOfTheWhole) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    make(models, whole_source(the_case()), shards);
    const torch::NoGradGuard no_grad;
    const PackedTokens packed = unequal_sequences();
    const IndexRange ids = local_vocabulary(models.whole->config(), models.part->shards().shard());
    const torch::Tensor expected_NV = models.whole->logits(models.whole->hidden(packed)).slice(1, ids.begin, ids.end);
    const torch::Tensor actual_NV = models.part->logits(models.part->hidden(packed));
    EXPECT_LT((actual_NV - expected_NV).abs().max().item<double>(), 2e-4);
    const torch::Tensor expected_N = models.whole->next_token_log_probs(packed);
    EXPECT_LT((models.part->next_token_log_probs(packed) - expected_N).abs().max().item<double>(), 2e-4);
  });
}

TEST_P(ShardedModel, HasTheGradientsOfTheWhole) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    make(models, whole_source(the_case()), shards);
    for (const CausalLM* model : {models.whole.get(), models.part.get()})
      model->next_token_log_probs(unequal_sequences()).square().sum().backward();
    Gradients(models.whole->parameters(), models.part->parameters()).expect_equal();
    expect_same_bits_of_copies(*models.part);
  });
}

TEST_P(ShardedModel, HasTheLossOfTheWholeWithItsGradients) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    make(models, whole_source(the_case()), shards);
    const auto expected = loss_of(*models.whole), actual = loss_of(*models.part);
    EXPECT_NEAR(actual.loss.item<double>() / expected.loss.item<double>(), 1.0, 1e-5);
    EXPECT_TRUE(torch::allclose(actual.log_probs_N, expected.log_probs_N, 0.0, 2e-4));
    expected.loss.backward();
    actual.loss.backward();
    Gradients(models.whole->parameters(), models.part->parameters()).expect_equal();
  });
}

TEST_P(ShardedModel, HasGradientsOfTheSameBitsWhereActivationsAreComputedAgain) {
  on_each_rank([](Communicator& shards) {
    const auto gradient = [&](bool again) {
      WholeAndPart<CausalLM> models;
      ModelSource source = whole_source(the_case());
      source.activation_checkpointing = again;
      make(models, source, shards);
      loss_of(*models.part).loss.backward();
      return models.part->parameters().flat_gradient().clone();
    };
    EXPECT_TRUE(torch::equal(gradient(true), gradient(false)));
  });
}

TEST_P(ShardedModel, TakesFewerTokensThanShards) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    make(models, whole_source(the_case()), shards);
    for (const CausalLM* model : {models.whole.get(), models.part.get()})
      model->next_token_log_probs(PackedTokens::from_sequences({{3, 36}})).sum().backward();
    EXPECT_LT(Gradients(models.whole->parameters(), models.part->parameters()).error(), 1e-5);
  });
}

// Against the whole model in bfloat16.
TEST_P(ShardedModel, StaysNearTheWholeInBfloat16) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    ModelSource source = whole_source(the_case());
    source.dtype = ComputeDType::bfloat16;
    make(models, source, shards);
    const PackedTokens packed = unequal_sequences();
    const IndexRange ids = local_vocabulary(models.whole->config(), models.part->shards().shard());
    const torch::Tensor expected_NV = models.whole->logits(models.whole->hidden(packed)).slice(1, ids.begin, ids.end);
    EXPECT_LT(relative_error(models.part->logits(models.part->hidden(packed)), expected_NV), 1e-2);
    for (const CausalLM* model : {models.whole.get(), models.part.get()}) loss_of(*model).loss.backward();
    EXPECT_GT(Gradients(models.whole->parameters(), models.part->parameters()).cosine(), 0.999);
  });
}

TEST_P(ShardedModel, ScoresAsTheWholeWithItsGradients) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<ScoreModel> models;
    make(models, whole_source(the_case()), shards);
    const PackedTokens packed = PackedTokens::from_sequences({{3, 4, 5, 36, 20, 1}, {7}});
    for (const ScoreModel* model : {models.whole.get(), models.part.get()})
      (model->scores(packed) * torch::arange(1, 8)).sum().backward();
    EXPECT_TRUE(torch::allclose(models.part->scores(packed), models.whole->scores(packed), 0.0, 2e-4));
    EXPECT_TRUE(torch::allclose(models.part->end_scores(packed), models.whole->end_scores(packed), 0.0, 2e-4));
    Gradients(models.whole->parameters(), models.part->parameters()).expect_equal();
    expect_same_folder(models);
  });
}

TEST_P(ShardedModel, DrawsTheNumbersOfTheWhole) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    read(models, whole_source(the_case()), shards);
    for (const Segment& segment : models.part->parameters().segments()) {
      const torch::Tensor expected = torch::empty(segment.spec.shape);
      expected.copy_(sliced(models.whole->parameters().at(segment.spec.name).detach(), segment.spec.slice));
      EXPECT_TRUE(torch::equal(models.part->parameters().values(segment), expected)) << segment.spec.name;
    }
  });
}

TEST_P(ShardedModel, SavesTheFilesOfTheWhole) {
  on_each_rank([](Communicator& shards) {
    WholeAndPart<CausalLM> models;
    make(models, whole_source(the_case()), shards);
    expect_same_folder(models);
  });
}

}  // namespace
}  // namespace ballast
