#include "workers/memory/memory_class.h"

#include <numeric>

namespace ballast {

std::int64_t MemoryBytes::total() const { return std::accumulate(bytes_.begin(), bytes_.end(), std::int64_t{0}); }

MemoryBytes& MemoryBytes::operator+=(const MemoryBytes& other) {
  for (std::size_t i = 0; i < bytes_.size(); ++i) bytes_[i] += other.bytes_[i];
  return *this;
}

}  // namespace ballast
