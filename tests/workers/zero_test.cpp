// ZeRO-1: replicas that each keep a part of the optimizer's state learn what one replica learns. Replicas are threads.
#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <fstream>
#include <limits>
#include <mutex>
#include <set>

#include "tests/comm/loopback_ranks.h"
#include "tests/workers/model/tiny_models.h"
#include "workers/learner.h"
#include "workers/model/causal_lm.h"

namespace ballast {
namespace {

using testing::HasSubstr;

constexpr int steps = 5;
constexpr std::int64_t micro_batches = 4;

// 70,000 parameters: 18 blocks.
ModelSource small_model(ComputeDType dtype) {
  return {.random = RandomModelConfig{.family = Family::Llama,
                                      .vocab = 64,
                                      .hidden = 64,
                                      .intermediate = 96,
                                      .layers = 2,
                                      .heads = 4,
                                      .kv_heads = 2,
                                      .max_length = 32},
          .seed = 7,
          .dtype = dtype};
}

PackedTokens counting_from(std::int64_t start) {
  std::vector<std::vector<std::int64_t>> sequences(2);
  for (std::int64_t b = 0; b < 2; ++b)
    for (std::int64_t t = 0; t < 12; ++t) sequences[b].push_back((start + 5 * b + t) % 64);
  return PackedTokens::from_sequences(sequences);
}

struct Case {
  int replicas = 1;
  bool zero = false;
  int lanes = 4;
  ComputeDType dtype = ComputeDType::float32;
  bool overlap = true;
};

struct Trained {
  std::map<std::string, torch::Tensor> values;                 // as the first replica would save them
  std::vector<std::map<std::string, torch::Tensor>> computed;  // by replica: what layers see
  std::vector<double> norms;                                   // by step
  std::vector<std::int64_t> bytes;                             // of values and gradients, by replica
};

Trained train(const Case& test) {
  Trained trained{.values = {}, .computed = {}, .norms = {}, .bytes = {}};
  trained.computed.resize(test.replicas);
  trained.bytes.resize(test.replicas);
  on_loopback_ranks(test.replicas, [&](Communicator& communicator) {
    at::set_num_threads(1);
    const int me = communicator.group().index;
    const Replicas replicas{.communicator = test.replicas > 1 ? &communicator : nullptr,
                            .lanes = test.lanes,
                            .zero = test.zero,
                            .timeout = std::chrono::seconds(20),
                            .bucket = 2 * Partition::block * test.replicas,
                            .overlap = test.overlap};
    const auto model = CausalLM::from_source(small_model(test.dtype), Use::Learn, replicas.model_place());
    auto& parameters = model->parameters();
    Learner learner(parameters, {.learning_rate = 1e-2, .weight_decay = 0.1}, steps, replicas);
    for (int step = 0; step < steps; ++step) {
      const Event event = learner.step(micro_batches, [&](std::size_t m) {
        const auto packed = counting_from(17 * step + 3 * static_cast<std::int64_t>(m));
        (-model->next_token_log_probs(packed).sum() / 88).backward();
        return Learner::Figures{};
      });
      if (me == 0) trained.norms.push_back(event.scalars.at("grad_norm"));
    }
    for (const Segment& segment : parameters.segments()) {
      trained.computed[me][segment.spec.name] = parameters.at(segment.spec.name).detach().clone();
      const auto values = parameters.gathered(segment);
      if (me == 0) trained.values[segment.spec.name] = values.clone();
    }
    trained.bytes[me] = parameters.bytes();
  });
  return trained;
}

void expect_same_bits(const Trained& trained, const Trained& expected, const std::string& what) {
  EXPECT_EQ(trained.norms, expected.norms) << what;
  for (const auto& [name, values] : expected.values) {
    EXPECT_TRUE(torch::equal(trained.values.at(name), values)) << what << ": " << name;
    for (const auto& computed : trained.computed)
      EXPECT_TRUE(torch::equal(computed.at(name), expected.computed[0].at(name))) << what << ": " << name;
  }
}

TEST(Zero, LeavesTheBitsOfOneReplicaOnTwoAndFour) {
  for (const auto dtype : {ComputeDType::float32, ComputeDType::bfloat16}) {
    const auto expected = train({.dtype = dtype});
    ASSERT_GT(expected.norms.front(), 1.0);  // is clipped
    for (const int replicas : {2, 4})
      for (const bool overlap : {false, true})
        expect_same_bits(train({.replicas = replicas, .zero = true, .dtype = dtype, .overlap = overlap}), expected,
                         std::to_string(replicas) + " replicas" + (overlap ? ", overlapped" : ""));
    expect_same_bits(train({.replicas = 2, .dtype = dtype}), expected, "2 replicas without ZeRO");
    expect_same_bits(train({.zero = true, .dtype = dtype}), expected, "one replica with ZeRO");
  }
}

TEST(Zero, IsEqualWithinToleranceWithOneLane) {
  const auto expected = train({.lanes = 1});
  for (const int replicas : {2, 4}) {
    const auto trained = train({.replicas = replicas, .zero = true, .lanes = 1});
    for (const auto& [name, values] : expected.values)
      EXPECT_TRUE(torch::allclose(trained.values.at(name), values, 1e-4, 1e-4)) << replicas << ": " << name;
  }
}

// Of N parameters: 2N bytes of weights and 4N of gradients everywhere, 4N of float32 weights together.
TEST(Zero, KeepsTheFloat32WeightsOnce) {
  const auto whole = train({.dtype = ComputeDType::bfloat16}).bytes[0];
  EXPECT_EQ(whole % 10, 0);
  for (const int replicas : {2, 4}) {
    const auto bytes = train({.replicas = replicas, .zero = true, .dtype = ComputeDType::bfloat16}).bytes;
    const auto padding = 8 * Partition::block * replicas;
    for (const auto of_replica : bytes) EXPECT_NEAR(of_replica, whole / 10 * 6 + whole / 10 * 4 / replicas, padding);
  }
}

TEST(Zero, KeepsTheMomentsOnce) {
  std::vector<std::int64_t> bytes(4);
  on_loopback_ranks(4, [&](Communicator& communicator) {
    const Replicas replicas{.communicator = &communicator, .zero = true};
    const auto model = CausalLM::from_source(small_model(ComputeDType::float32), Use::Learn, replicas.model_place());
    bytes[communicator.group().index] = AdamW(model->parameters(), {}, 1).bytes();
    EXPECT_EQ(4 * bytes[communicator.group().index], 2 * 4 * model->parameters().trainable_size());
  });
}

// The gradient is bad in one replica's piece alone; all throw, and name it.
TEST(Zero, AllReplicasRefuseAGradientThatIsNotFinite) {
  std::mutex mutex;
  std::multiset<std::string> messages;
  on_loopback_ranks(2, [&](Communicator& communicator) {
    const Replicas replicas{.communicator = &communicator, .zero = true, .bucket = 1};
    const auto model = CausalLM::from_source(small_model(ComputeDType::float32), Use::Learn, replicas.model_place());
    auto& parameters = model->parameters();
    AdamW optimizer(parameters, {}, 1);
    const auto& last_decayed = parameters.segment_at(parameters.decayed_size() - 1);
    const Partition partition(parameters.trainable_size(), 2, 1);
    const std::int64_t element = last_decayed.offset;
    const auto piece = partition.piece(partition.bucket_of(element), communicator.group().index);
    if (element >= piece.begin && element < piece.end)
      parameters.flat_gradient()[element] = std::numeric_limits<float>::infinity();
    try {
      optimizer.step();
    } catch (const NonFiniteGradient& error) {
      const std::lock_guard lock(mutex);
      messages.insert(error.what());
    }
  });
  EXPECT_THAT(messages, testing::SizeIs(2));
  for (const auto& message : messages) EXPECT_THAT(message, HasSubstr("lm_head.weight is not finite"));
}

// One that starts from the folder of the other goes on as the other does.
TEST(Zero, SavesWhatAModelThatIsNotDealtSaves) {
  const TemporaryFolder folder;
  const ModelSource source = small_model(ComputeDType::bfloat16);
  CausalLM::from_source(source, Use::Learn)->save(folder.path() / "whole");
  on_loopback_ranks(4, [&](Communicator& communicator) {
    const Replicas replicas{.communicator = &communicator, .zero = true, .bucket = 1};
    const ModelSource read{.path = folder.path() / "whole", .dtype = ComputeDType::bfloat16};
    const auto model = CausalLM::from_source(read, Use::Learn, replicas.model_place());
    EXPECT_EQ(model->save(folder.path() / "dealt"), communicator.group().index == 0);
  });
  const auto contents = [&](const char* name) {
    std::ifstream file(folder.path() / name / "model.safetensors", std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(contents("dealt"), contents("whole"));
  EXPECT_GT(contents("whole").size(), 4 * 50'000);
}

}  // namespace
}  // namespace ballast
