#include "workers/model/checkpointed.h"

#include <torch/autograd.h>

namespace ballast {
namespace {

using torch::autograd::variable_list;

// What the forward pass of a part was, as its backward pass needs it.
struct Recomputed : torch::autograd::Node {
  Computation compute;
  std::vector<torch::autograd::SavedVariable> inputs;

  variable_list apply(variable_list&& gradients) override {
    const torch::AutoGradMode with_gradient(true);
    variable_list leaves;
    for (auto& input : inputs) leaves.push_back(input.unpack().detach().requires_grad_(true));
    const variable_list outputs = compute(leaves);
    variable_list reached, of_reached;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!gradients[i].defined()) continue;
      reached.push_back(outputs[i]);
      of_reached.push_back(gradients[i]);
    }
    torch::autograd::backward(reached, of_reached);
    variable_list of_inputs;
    for (const auto& leaf : leaves) of_inputs.push_back(leaf.grad());
    return of_inputs;
  }

  void release_variables() override {
    for (auto& input : inputs) input.reset_data();
  }
};

}  // namespace

std::vector<torch::Tensor> checkpointed(const std::vector<torch::Tensor>& inputs, const Computation& compute) {
  if (!torch::GradMode::is_enabled()) return compute(inputs);
  const auto node = c10::make_intrusive<Recomputed>();
  node->compute = compute;
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  for (const auto& input : inputs) node->inputs.emplace_back(input, /*is_output=*/false);
  std::vector<torch::Tensor> outputs;
  {
    const torch::NoGradGuard no_grad;
    outputs = compute(inputs);
  }
  for (auto& output : outputs) {
    output = output.detach();
    torch::autograd::create_gradient_edge(output, node);
  }
  return outputs;
}

}  // namespace ballast
