// Memory for kernels: begins at a cache line, so that no vector of 64 bytes lies across two, and is counted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

#include "workers/memory/counted_block.h"

namespace ballast {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t alignment{alignof(CountedBlock)};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}

  T* allocate(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    auto* block = begin_block(::operator new(sizeof(CountedBlock) + bytes, alignment), bytes);
    return reinterpret_cast<T*>(block + 1);
  }
  void deallocate(T* memory, std::size_t) {
    auto* block = reinterpret_cast<CountedBlock*>(memory) - 1;
    end_block(block);
    ::operator delete(block, alignment);
  }
  bool operator==(const CacheLineAllocator&) const = default;
};

// To whole vectors, panels or pairs.
constexpr std::int64_t rounded_up(std::int64_t size, std::int64_t multiple) {
  return (size + multiple - 1) / multiple * multiple;
}

template <typename T>
using AlignedVector = std::vector<T, CacheLineAllocator<T>>;

}  // namespace ballast
