// The tensors of the micro-batches that a rank works on, until the orchestrator frees them.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>

#include "workers/commands.h"

namespace ballast {

class BatchStore {
 public:
  // Everything in it lies on that device.
  explicit BatchStore(c10::Device device = c10::kCPU) : device_(device) {}
  c10::Device device() const { return device_; }

  // Brings the tensor to the device.
  void put(const BatchKey& key, Field field, at::Tensor tensor);
  // Throws std::out_of_range that names batch and field when it is not there: a command came before its tensors.
  const at::Tensor& get(const BatchKey& key, Field field) const;
  bool holds(const BatchKey& key, Field field) const;
  void free(std::uint64_t batch);
  std::int64_t bytes() const { return bytes_; }

 private:
  c10::Device device_;
  std::map<BatchKey, std::map<Field, at::Tensor>> tensors_;
  std::int64_t bytes_ = 0;
};

}  // namespace ballast
