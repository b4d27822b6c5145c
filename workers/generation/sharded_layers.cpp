#include "workers/generation/sharded_layers.h"

#include "workers/model/tensor_buffer.h"

namespace ballast {

Linear summand_at(const CausalLM& model, const std::string& name) {
  Linear layer = linear_at(model.parameters(), name);
  if (model.shards().index() > 0) layer.bias = at::Tensor();
  return layer;
}

at::Tensor sum_over_shards(at::Tensor part, const Shards& shards) {
  if (shards.count() > 1) shards.communicator->all_reduce(buffer_of(part), ReduceOp::sum).wait(shards.timeout);
  return part;
}

}  // namespace ballast
