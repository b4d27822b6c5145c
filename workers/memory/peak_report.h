// A rank's memory peaks as its events tell them.
#pragma once
#include <c10/core/Device.h>

#include <cstdint>
#include <map>
#include <string>

#include "workers/memory/memory_count.h"

namespace ballast {

class PeakReport {
 public:
  // Of the memory that tensors have on that device: on CPUs what is counted (`count_cpu_memory`), by class; on GPUs
  // what LibTorch's allocator says, which knows no classes.
  explicit PeakReport(c10::Device device) : device_(device) {}

  // Bytes by name of the class, and 'in_all', where any has grown since the last call; else nothing.
  std::map<std::string, std::int64_t> grown();

 private:
  c10::Device device_;
  MemoryPeaks told_;
};

}  // namespace ballast
