// training_speed S|M float32|bfloat16 THREADS STEPS: milliseconds of each training step (forward, backward, AdamW) of a
// random Llama of that shape on 16 sequences of 192 tokens: "CPU WALL" a line. See training_speed.sh.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "workers/cpu_kernels/heap.h"
#include "workers/model/causal_lm.h"
#include "workers/training/optimizer.h"

namespace ballast {
namespace {

constexpr int sequences = 16;
constexpr int length = 192;

RandomModelConfig shape_named(const std::string& name) {
  if (name == "S") return {.vocab = 8192, .hidden = 256, .intermediate = 1024, .layers = 4, .heads = 4, .kv_heads = 4};
  return {.vocab = 32000, .hidden = 512, .intermediate = 1408, .layers = 8, .heads = 8, .kv_heads = 4};
}

void measure(const ModelSource& source, int steps) {
  const auto model = CausalLM::from_source(source, Use::Learn);
  AdamW optimizer(model->parameters(), {}, steps);
  const torch::Tensor tokens_BL = torch::randint(source.random->vocab, {sequences, length}, torch::kInt64);
  const auto packed = PackedTokens::from_padded(tokens_BL, torch::ones_like(tokens_BL));
  for (int step = 0; step < steps; ++step) {
    const std::clock_t cpu = std::clock();
    const auto wall = std::chrono::steady_clock::now();
    model->parameters().zero_gradient();
    const auto loss = [](const torch::Tensor& log_probs_m, const torch::Tensor&) {
      return -log_probs_m.sum() / (sequences * (length - 1));
    };
    model->next_token_loss(model->hidden(packed), packed, {}, loss).loss.backward();
    optimizer.step();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - wall;
    fmt::print("{:.3f} {:.3f}\n", 1e3 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC, took.count());
  }
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "usage: training_speed S|M float32|bfloat16 THREADS STEPS\n");
    return 2;
  }
  const bool half = argv[2] == std::string("bfloat16");
  ballast::keep_freed_memory();
  at::set_num_threads(std::stoi(argv[3]));
  ballast::measure({.random = ballast::shape_named(argv[1]),
                    .dtype = half ? ballast::ComputeDType::bfloat16 : ballast::ComputeDType::float32},
                   std::stoi(argv[4]));
  return 0;
}
