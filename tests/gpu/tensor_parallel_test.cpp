// Models whose shards exchange over the real NCCL, the ranks sharing one GPU where there are no more, against the whole
// model on the same GPU.
#include <torch/torch.h>

#include "tests/distributed/test_world.h"
#include "tests/workers/generation/sharded_generation.h"
#include "workers/device.h"
#include "workers/model/kernel_stream.h"
#include "workers/model/parameter_slices.h"

namespace ballast {
namespace {

class TensorParallelOnGpus : public testing::Test {
 protected:
  void SetUp() override {
    if (!cuda_obstacle().empty()) GTEST_SKIP() << "this machine has no CUDA device that this build can use";
  }

  static c10::Device device() { return cuda_device_of(test_world().rank()); }

  // Of all ranks; made when it is first asked for, and never closed: NCCL's connections last as long as the process.
  static Communicator& shards() {
    static const auto all = test_world().cuda_communicator(
        {.device = device().index(), .compute_stream = [] { return kernel_stream(device()).handle; }});
    return *all;
  }
};

TEST_F(TensorParallelOnGpus, GeneratesWhatTheWholeModelGenerates) {
  for (const Family family : {Family::Llama, Family::Qwen2, Family::Gpt2})
    for (const SamplingConfig& sampling :
         {SamplingConfig{.temperature = 0.0}, SamplingConfig{}, SamplingConfig{.top_p = 0.9}})
      expect_what_the_whole_model_generates(shards(), {.source = decided_model(family),
                                                       .sampling = sampling,
                                                       .device = device(),
                                                       .tolerance = 1e-3,
                                                       .same_rows = 0.9});
}

TEST_F(TensorParallelOnGpus, GeneratesNearTheWholeModelInBfloat16) {
  expect_what_the_whole_model_generates(shards(), {.source = decided_model(Family::Llama, ComputeDType::bfloat16),
                                                   .device = device(),
                                                   .tolerance = 0.15,
                                                   .same_rows = 0.5});
}

// Log-probs and the flat gradient of a training step, each parameter's by name.
struct Learned {
  torch::Tensor log_probs_N;
  std::map<std::string, torch::Tensor> gradients;
};

Learned learn(const CausalLM& model) {
  const auto text = PackedTokens::from_sequences({{3, 1, 4, 1, 5, 9, 2, 6}, {5}, {3, 5, 8, 9, 7}}).to(model.device());
  const auto found = model.next_token_loss(
      model.hidden(text), text, {},
      [](const torch::Tensor& log_probs_m, const torch::Tensor&) { return log_probs_m.square().sum(); });
  found.loss.backward();
  Learned learned{.log_probs_N = found.log_probs_N, .gradients = {}};
  for (const Segment& segment : model.parameters().segments())
    learned.gradients[segment.spec.name] =
        model.parameters().flat_gradient().narrow(0, segment.offset, segment.numel).view(segment.spec.shape);
  return learned;
}

// ||a - b|| / ||b|| over all parameters.
double relative_difference(const CausalLM& part, const Learned& found, const Learned& whole) {
  double difference = 0.0, norm = 0.0;
  for (const Segment& segment : part.parameters().segments()) {
    const torch::Tensor& gradient = found.gradients.at(segment.spec.name);
    const torch::Tensor expected = torch::empty_like(gradient);
    expected.copy_(sliced(whole.gradients.at(segment.spec.name), segment.spec.slice));
    difference += (gradient - expected).square().sum().item<double>();
    norm += expected.square().sum().item<double>();
  }
  return std::sqrt(difference / norm);
}

TEST_F(TensorParallelOnGpus, LearnsWhatTheWholeModelLearns) {
  for (const Family family : {Family::Llama, Family::Qwen2, Family::Gpt2}) {
    const auto source = decided_model(family);
    const auto whole = CausalLM::from_source(source, Use::Learn, device());
    const auto part = CausalLM::from_source(source, Use::Learn, {device(), {.communicator = &shards()}});
    const Learned expected = learn(*whole);
    const Learned found = learn(*part);
    EXPECT_LT((found.log_probs_N - expected.log_probs_N).abs().max().item<double>(), 2e-4);
    EXPECT_LT(relative_difference(*part, found, expected), 1e-5);
  }
}

}  // namespace
}  // namespace ballast
