#include "workers/transfer.h"

#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>

#include <vector>

#include "workers/model/tensor_buffer.h"

namespace ballast {

at::Tensor allocate_field(Field field, const FieldExtent& extent, c10::Device device) {
  const auto options = at::TensorOptions(device);
  switch (field) {
    case Field::Tokens:
      return at::empty({extent.rows, extent.max_length}, options.dtype(at::kLong));
    case Field::PromptLengths:
    case Field::Lengths:
      return at::empty({extent.rows}, options.dtype(at::kLong));
    default:
      return at::empty({extent.rows, extent.max_length - 1}, options.dtype(at::kFloat));
  }
}

void run_transfer(const Transfer& transfer, Communicator& world, BatchStore& store, std::chrono::milliseconds timeout) {
  const int me = world.group().index;
  const FieldExtent extent{transfer.rows, transfer.max_length};
  std::vector<Send> sends;
  std::vector<Receive> receives;
  std::vector<at::Tensor> kept;  // contiguous copies must outlive the exchange
  std::vector<std::pair<Field, at::Tensor>> arrived;
  for (const auto& [field, from, to] : transfer.legs) {
    if (from == to) continue;
    if (from == me) {
      kept.push_back(store.get(transfer.key, field).contiguous());
      TORCH_CHECK(kept.back().sizes() == allocate_field(field, extent, c10::kMeta).sizes(), "field ", to_string(field),
                  " has shape ", kept.back().sizes(), ", the command says otherwise");
      sends.push_back({to, buffer_of(kept.back())});
    }
    if (to == me) {
      arrived.emplace_back(field, allocate_field(field, extent, store.device()));
      receives.push_back({from, buffer_of(arrived.back().second)});
    }
  }
  if (sends.empty() && receives.empty()) return;
  world.exchange(std::move(sends), std::move(receives)).wait(timeout);
  for (auto& [field, tensor] : arrived) store.put(transfer.key, field, std::move(tensor));
}

}  // namespace ballast
