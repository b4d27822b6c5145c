// Memory that carries its class and size, so that whoever frees it knows what to take off the count. No torch.
#pragma once
#include <cstddef>

#include "workers/memory/memory_class.h"

namespace ballast {

// What lies before the memory that is handed out; not counted itself. A cache line, so that alignment stays.
struct alignas(64) CountedBlock {
  std::size_t bytes = 0;  // that were asked for
  MemoryClass of = MemoryClass::Activations;
};

// Begins a block in `raw` memory of sizeof(CountedBlock) + bytes, of this thread's class, and counts it. What it holds
// lies behind it.
CountedBlock* begin_block(void* raw, std::size_t bytes);
// Takes it off the count; the raw memory is the caller's again.
void end_block(const CountedBlock* block);
// Moves its bytes to another class.
void count_block_as(MemoryClass of, CountedBlock* block);

}  // namespace ballast
