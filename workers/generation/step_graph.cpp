#include "workers/generation/step_graph.h"

namespace ballast {
namespace {

struct EveryStep final : StepGraph {
  void run(const std::function<void()>& step) override { step(); }
};

}  // namespace

std::unique_ptr<StepGraph> make_unrecorded_step() { return std::make_unique<EveryStep>(); }

}  // namespace ballast
