#include "workers/batch_store.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "workers/memory/counting_allocator.h"

namespace ballast {

void BatchStore::put(const BatchKey& key, Field field, at::Tensor tensor) {
  tensor = tensor.to(device_);
  count_as(MemoryClass::Buffers, tensor);
  auto& slot = tensors_[key][field];
  if (slot.defined()) bytes_ -= static_cast<std::int64_t>(slot.nbytes());
  bytes_ += static_cast<std::int64_t>(tensor.nbytes());
  slot = std::move(tensor);
}

const at::Tensor& BatchStore::get(const BatchKey& key, Field field) const {
  if (!holds(key, field)) {
    throw std::out_of_range(fmt::format("batch {}, micro-batch {} has no field '{}' on this rank", key.batch,
                                        key.micro_batch, to_string(field)));
  }
  return tensors_.at(key).at(field);
}

bool BatchStore::holds(const BatchKey& key, Field field) const {
  const auto entry = tensors_.find(key);
  return entry != tensors_.end() && entry->second.contains(field);
}

void BatchStore::free(std::uint64_t batch) {
  const auto begin = tensors_.lower_bound({batch, 0});
  const auto end = tensors_.lower_bound({batch + 1, 0});
  for (auto entry = begin; entry != end; ++entry) {
    for (const auto& [field, tensor] : entry->second) bytes_ -= static_cast<std::int64_t>(tensor.nbytes());
  }
  tensors_.erase(begin, end);
}

}  // namespace ballast
