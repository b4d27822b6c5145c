#include "workers/model/layers.h"

namespace ballast {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Embedding : torch::autograd::Function<Embedding> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& table_VE, const torch::Tensor& tokens_N) {
    context->save_for_backward({tokens_N});
    context->saved_data["rows"] = table_VE.size(0);
    return at::embedding(table_VE, tokens_N);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const torch::Tensor tokens_N = context->get_saved_variables()[0];
    const torch::Tensor sums_VE = at::embedding_dense_backward(gradients[0].to(torch::kFloat32), tokens_N,
                                                               context->saved_data["rows"].toInt(), /*padding_idx=*/-1,
                                                               /*scale_grad_by_freq=*/false);
    return {sums_VE.to(gradients[0].scalar_type()), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor embed(const torch::Tensor& table_VE, const torch::Tensor& tokens_N) {
  return Embedding::apply(table_VE, tokens_N);
}

Linear linear_at(const Parameters& parameters, const std::string& name) {
  const std::string bias = name + ".bias";
  return {.weight = parameters.at(name + ".weight"),
          .bias = parameters.contains(bias) ? parameters.at(bias) : torch::Tensor()};
}

torch::Tensor SummedLinear::operator()(const torch::Tensor& x_NI) const {
  if (shards.count() == 1) return linear(x_NI);
  const torch::Tensor sum_nO = part_of_sum(shards, project(x_NI, linear.weight, {}));
  return linear.bias.defined() ? sum_nO + Copies::on_all(shards).of(linear.bias) : sum_nO;
}

torch::Tensor JoinedLinear::operator()(const torch::Tensor& x_NI) const {
  if (parts.size() == 1) return parts.front()(x_NI);
  std::vector<torch::Tensor> outputs;
  for (const Linear& part : parts) outputs.push_back(part(x_NI));
  return at::cat(outputs, 1);
}

JoinedLinear joined_at(const Parameters& parameters, const std::vector<std::string>& names) {
  const auto all = [&](const char* suffix) {
    std::vector<std::string> full;
    for (const std::string& name : names) full.push_back(name + suffix);
    return full;
  };
  const bool biased = parameters.contains(names.front() + ".bias");
  const torch::Tensor weight = parameters.joined(all(".weight"));
  const torch::Tensor bias = biased ? parameters.joined(all(".bias")) : torch::Tensor();
  if (weight.defined() && bias.defined() == biased) return {{{.weight = weight, .bias = bias}}};
  JoinedLinear joined;
  for (const std::string& name : names) joined.parts.push_back(linear_at(parameters, name));
  return joined;
}

void append_linear(std::vector<ParameterSpec>& specs, const std::string& name, const LinearShape& shape) {
  std::vector<std::int64_t> local{shape.out, shape.in};
  if (shape.slice.is_cut()) local[shape.slice.dimension] = shape.slice.size();
  specs.push_back({.name = name + ".weight", .shape = local, .initial_std = shape.initial_std, .slice = shape.slice});
  const bool by_rows = shape.slice.is_cut() && shape.slice.dimension == 0;
  if (shape.bias)
    specs.push_back(
        {.name = name + ".bias", .shape = {local[0]}, .slice = by_rows ? shape.slice : replicated(shape.slice.shard)});
}

}  // namespace ballast
