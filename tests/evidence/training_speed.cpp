// training_speed HIDDEN LAYERS DTYPE STEPS: CPU milliseconds of each training step (forward, backward, AdamW) of a random
// Llama on 16 sequences of 64 tokens, on one thread. See training_speed.sh.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <ctime>

#include "workers/model/causal_lm.h"
#include "workers/training/optimizer.h"

namespace ballast {
namespace {

ModelSource llama(std::int64_t hidden, std::int64_t layers, ComputeDType dtype) {
  return {.random = RandomModelConfig{.vocab = 2048,
                                      .hidden = hidden,
                                      .intermediate = 3 * hidden,
                                      .layers = layers,
                                      .heads = hidden / 32,
                                      .kv_heads = hidden / 64},
          .dtype = dtype};
}

void measure(const ModelSource& source, int steps) {
  at::set_num_threads(1);
  const auto model = CausalLM::from_source(source, Use::Learn);
  AdamW optimizer(model->parameters(), {}, steps);
  const torch::Tensor tokens_BL = torch::randint(2048, {16, 64}, torch::kInt64);
  const auto packed = PackedTokens::from_padded(tokens_BL, torch::ones_like(tokens_BL));
  for (int step = 0; step < steps; ++step) {
    const std::clock_t begin = std::clock();
    model->parameters().zero_gradient();
    (-model->next_token_log_probs(packed).sum() / (16 * 63)).backward();
    optimizer.step();
    fmt::print("{:.3f}\n", 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: training_speed HIDDEN LAYERS float32|bfloat16 STEPS\n");
    return 2;
  }
  const bool half = argv[3] == std::string("bfloat16");
  const auto dtype = half ? ballast::ComputeDType::bfloat16 : ballast::ComputeDType::float32;
  ballast::measure(ballast::llama(std::stol(argv[1]), std::stol(argv[2]), dtype), std::stoi(argv[4]));
  return 0;
}
