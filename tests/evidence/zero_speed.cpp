// mpirun -n RANKS zero_speed float32|bfloat16 STEPS: milliseconds of a training step of a random Llama (hidden 512, 8
// layers, vocabulary 32000) by replicas with and without ZeRO-1, and with gradients summed while backward runs or after
// it; and what the state takes on a rank. Kinds of steps take turns, so that they share what else the machine does.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "comm/world.h"
#include "workers/cpu_kernels/heap.h"
#include "workers/learner.h"
#include "workers/model/causal_lm.h"

namespace ballast {
namespace {

constexpr int sequences = 4;
constexpr int length = 192;
constexpr std::chrono::minutes patience{5};

struct Kind {
  bool zero = false;
  bool overlap = false;
  int lanes = 1;
};

// One replica of a model that learns random tokens.
class Trainee {
 public:
  Trainee(World& world, Kind kind, ComputeDType dtype) : world_(world), kind_(kind) {
    const Replicas replicas{.communicator = &world.communicator(),
                            .lanes = kind.lanes == 1 ? 1 : world.size(),
                            .zero = kind.zero,
                            .overlap = kind.overlap};
    const RandomModelConfig shape{
        .vocab = 32000, .hidden = 512, .intermediate = 1408, .layers = 8, .heads = 8, .kv_heads = 4};
    model_ = CausalLM::from_source({.random = shape, .dtype = dtype}, Use::Learn, replicas.model_place());
    learner_.emplace(model_->parameters(), OptimizerConfig{}, 1000, replicas);
    const torch::Tensor tokens_BL = torch::randint(shape.vocab, {sequences, length}, torch::kInt64);
    packed_ = PackedTokens::from_padded(tokens_BL, torch::ones_like(tokens_BL));
  }

  // Milliseconds of the slowest rank.
  double step() {
    world_.communicator().barrier().wait(patience);
    const auto begin = std::chrono::steady_clock::now();
    learner_->step(world_.size(), [&](std::size_t) {
      const auto loss = [](const torch::Tensor& log_probs_m, const torch::Tensor&) { return -log_probs_m.mean(); };
      model_->next_token_loss(model_->hidden(packed_), packed_, {}, loss).loss.backward();
      return Learner::Figures{};
    });
    const std::chrono::duration<float, std::milli> took = std::chrono::steady_clock::now() - begin;
    float slowest = took.count();
    world_.communicator().all_reduce({&slowest, 1, DType::float32}, ReduceOp::max).wait(patience);
    return slowest;
  }

  void report(std::vector<double> times) const {
    std::sort(times.begin(), times.end());
    fmt::print("zero {:5}  lanes {}  {:16}  minimum {:7.1f} ms  median {:7.1f} ms  values and gradient {:6.1f} MiB\n",
               kind_.zero, kind_.lanes == 1 ? "no " : "yes", kind_.overlap ? "during backward" : "after backward",
               times.front(), times[times.size() / 2], static_cast<double>(model_->parameters().bytes()) / (1 << 20));
  }

 private:
  World& world_;
  Kind kind_;
  std::unique_ptr<CausalLM> model_;
  std::optional<Learner> learner_;
  PackedTokens packed_;
};

void measure(World& world, ComputeDType dtype, int steps) {
  for (const int lanes : {2, 1}) {
    for (const bool zero : {false, true}) {
      Trainee after(world, {.zero = zero, .overlap = false, .lanes = lanes}, dtype);
      Trainee during(world, {.zero = zero, .overlap = true, .lanes = lanes}, dtype);
      std::vector<double> times_after, times_during;
      for (int step = 0; step <= steps; ++step) {
        const double of_after = after.step(), of_during = during.step();
        if (step == 0) continue;
        times_after.push_back(of_after);
        times_during.push_back(of_during);
      }
      if (world.rank() > 0) continue;
      after.report(times_after);
      during.report(times_during);
    }
  }
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  ballast::World world(&argc, &argv);
  if (argc != 3) {
    fmt::print(stderr, "usage: zero_speed float32|bfloat16 STEPS\n");
    return 2;
  }
  ballast::keep_freed_memory();
  at::set_num_threads(1);
  const bool half = argv[1] == std::string("bfloat16");
  ballast::measure(world, half ? ballast::ComputeDType::bfloat16 : ballast::ComputeDType::float32, std::stoi(argv[2]));
  world.close();
  return 0;
}
