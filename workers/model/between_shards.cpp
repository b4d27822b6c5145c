#include "workers/model/between_shards.h"

#include <torch/autograd.h>

#include <utility>

#include "workers/model/tensor_buffer.h"

namespace ballast {
namespace {

using torch::autograd::variable_list;
using Computed = std::function<torch::Tensor(const torch::Tensor&)>;

// `backward` of the output's gradient is the input's.
struct Communicated : torch::autograd::Node {
  Computed backward;

  variable_list apply(variable_list&& gradients) override {
    return {gradients[0].defined() ? backward(gradients[0]) : torch::Tensor()};
  }
};

// forward(x), the gradient of which is backward(gradient). Neither keeps anything, which is why this is no Function.
torch::Tensor differentiable(const torch::Tensor& x, const Computed& forward, Computed backward) {
  torch::Tensor output;
  {
    const torch::NoGradGuard no_grad;
    output = forward(x).detach();
  }
  if (!torch::GradMode::is_enabled() || !x.requires_grad()) return output;
  const auto node = c10::make_intrusive<Communicated>();
  node->backward = std::move(backward);
  node->set_next_edges(torch::autograd::collect_next_edges(x));
  torch::autograd::create_gradient_edge(output, node);
  return output;
}

std::int64_t rows_of_part(const Shards& shards, std::int64_t tokens) {
  return (tokens + shards.count() - 1) / shards.count();
}

torch::Tensor gather(const Shards& shards, const torch::Tensor& part_nE, std::int64_t tokens) {
  const torch::Tensor part = part_nE.contiguous();
  const torch::Tensor all = torch::empty({part.size(0) * shards.count(), part.size(1)}, part.options());
  shards.communicator->all_gather(buffer_of(part), buffer_of(all)).wait(shards.timeout);
  return all.narrow(0, 0, tokens);
}

// What the shards from `first` on have for this one, [number, ...]; parts[i] goes to shard first + i.
torch::Tensor exchanged(const Shards& shards, int first, const std::vector<torch::Tensor>& parts) {
  auto shape = parts.front().sizes().vec();
  shape.insert(shape.begin(), static_cast<std::int64_t>(parts.size()));
  const torch::Tensor received = torch::empty(shape, parts.front().options());
  std::vector<Send> sends;
  std::vector<Receive> receives;
  for (int i = 0; i < static_cast<int>(parts.size()); ++i) {
    sends.push_back({first + i, buffer_of(parts[i])});
    receives.push_back({first + i, buffer_of(received[i])});
  }
  shards.communicator->exchange(sends, receives).wait(shards.timeout);
  return received;
}

torch::Tensor reduce_scatter(const Shards& shards, const torch::Tensor& partial_NE) {
  const std::int64_t rows = rows_of_part(shards, partial_NE.size(0));
  const std::int64_t missing = rows * shards.count() - partial_NE.size(0);
  const torch::Tensor padded =
      (missing > 0 ? at::constant_pad_nd(partial_NE, {0, 0, 0, missing}) : partial_NE).contiguous();
  // As many bytes as a reduce-scatter, but the sum is made in float32 and rounded once.
  if (padded.scalar_type() != torch::kFloat32)
    return exchanged(shards, 0, padded.split(rows)).sum(0, /*keepdim=*/false, torch::kFloat32).to(padded.scalar_type());
  const torch::Tensor part = torch::empty({rows, partial_NE.size(1)}, partial_NE.options());
  shards.communicator->reduce_scatter(buffer_of(padded), buffer_of(part), ReduceOp::sum).wait(shards.timeout);
  return part;
}

// The sum of what the copies have, in their order.
torch::Tensor sum_of_copies(const Copies& copies, const torch::Tensor& gradient) {
  const torch::Tensor own = gradient.to(torch::kFloat32).contiguous();
  const int first = copies.shards.index() / copies.count * copies.count;
  const std::vector<torch::Tensor> for_each_copy(copies.count, own);
  return exchanged(copies.shards, first, for_each_copy).sum(0).to(gradient.scalar_type());
}

}  // namespace

torch::Tensor all_tokens(const Shards& shards, const torch::Tensor& part_nE, std::int64_t tokens) {
  if (shards.count() == 1) return part_nE;
  return differentiable(
      part_nE, [&](const torch::Tensor& part) { return gather(shards, part, tokens); },
      [shards](const torch::Tensor& gradient_NE) { return reduce_scatter(shards, gradient_NE); });
}

torch::Tensor part_of_sum(const Shards& shards, const torch::Tensor& partial_NE) {
  if (shards.count() == 1) return partial_NE;
  return differentiable(
      partial_NE, [&](const torch::Tensor& partial) { return reduce_scatter(shards, partial); },
      [shards, tokens = partial_NE.size(0)](const torch::Tensor& gradient_nE) {
        return gather(shards, gradient_nE, tokens);
      });
}

torch::Tensor counted_once(const Shards& shards, const torch::Tensor& x) {
  if (shards.count() == 1) return x;
  return differentiable(
      x, [](const torch::Tensor& value) { return value; },
      [counts = shards.index() == 0](const torch::Tensor& gradient) {
        return counts ? gradient : torch::zeros_like(gradient);
      });
}

torch::Tensor of_all_shards(const Shards& shards, const torch::Tensor& values) {
  auto shape = values.sizes().vec();
  shape.insert(shape.begin(), shards.count());
  const torch::Tensor all = torch::empty(shape, values.options());
  shards.communicator->all_gather(buffer_of(values), buffer_of(all)).wait(shards.timeout);
  return all;
}

torch::Tensor Copies::of(const torch::Tensor& parameter) const {
  if (count == 1 || !parameter.defined()) return parameter;
  return differentiable(
      parameter, [](const torch::Tensor& value) { return value; },
      [copies = *this](const torch::Tensor& gradient) { return sum_of_copies(copies, gradient); });
}

}  // namespace ballast
