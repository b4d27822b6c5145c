#include "workers/model/layers.h"

namespace ballast {

Linear linear_at(const Parameters& parameters, const std::string& name) {
  const std::string bias = name + ".bias";
  return {.weight = parameters.at(name + ".weight"),
          .bias = parameters.contains(bias) ? parameters.at(bias) : torch::Tensor()};
}

void append_linear(std::vector<ParameterSpec>& specs, const std::string& name, const LinearShape& shape) {
  specs.push_back({.name = name + ".weight", .shape = {shape.out, shape.in}, .initial_std = shape.initial_std});
  if (shape.bias) specs.push_back({.name = name + ".bias", .shape = {shape.out}});
}

}  // namespace ballast
