#include "workers/memory/counted_block.h"

#include <new>

#include "workers/memory/memory_count.h"

namespace ballast {
namespace {

std::int64_t bytes_of(const CountedBlock* block) { return static_cast<std::int64_t>(block->bytes); }

}  // namespace

CountedBlock* begin_block(void* raw, std::size_t bytes) {
  auto* block = new (raw) CountedBlock{.bytes = bytes, .of = MemoryScope::current()};
  memory_count().add(block->of, bytes_of(block));
  return block;
}

void end_block(const CountedBlock* block) { memory_count().remove(block->of, bytes_of(block)); }

void count_block_as(MemoryClass of, CountedBlock* block) {
  end_block(block);
  block->of = of;
  memory_count().add(of, bytes_of(block));
}

}  // namespace ballast
