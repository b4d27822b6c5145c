// How much memory of each class there is and at most was. No torch.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

#include "workers/memory/memory_class.h"

namespace ballast {

// The most there was of each class, and of all together, which may have been at another time.
struct MemoryPeaks {
  MemoryBytes of_class;
  std::int64_t in_all = 0;
  bool operator==(const MemoryPeaks&) const = default;
};

// Threads may add and remove at the same time.
class MemoryCount {
 public:
  void add(MemoryClass of, std::int64_t bytes);
  void remove(MemoryClass of, std::int64_t bytes);

  MemoryBytes bytes() const;
  MemoryPeaks peaks() const;
  // Peaks are counted anew from what there is.
  void restart();

 private:
  struct Level {
    std::atomic<std::int64_t> now = 0;
    std::atomic<std::int64_t> most = 0;

    void add(std::int64_t bytes);
  };
  std::array<Level, memory_class_names.size()> levels_;
  Level all_;
};

// Of this process. Allocators are the process's own, and what they hand out is counted where it is freed, possibly in
// another thread: there is one count, as there is one heap.
MemoryCount& memory_count();

// What this thread allocates while a scope lives belongs to its class; activations where there is none. Scopes nest.
class MemoryScope {
 public:
  explicit MemoryScope(MemoryClass of);
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  static MemoryClass current();

 private:
  MemoryClass outer_;
};

// What `make` returns, allocated as that class: for initialisers of members.
template <typename Make>
auto counted_as(MemoryClass of, const Make& make) {
  const MemoryScope scope(of);
  return make();
}

}  // namespace ballast
