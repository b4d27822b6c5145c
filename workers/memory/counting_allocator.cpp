#include "workers/memory/counting_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include "workers/memory/counted_block.h"

namespace ballast {
namespace {

CountedBlock* block_before(void* memory) { return static_cast<CountedBlock*>(memory) - 1; }

void free_memory(void* memory) {
  CountedBlock* block = block_before(memory);
  end_block(block);
  c10::free_cpu(block);
}

class CountingAllocator final : public c10::Allocator {
 public:
  // The context is the memory itself: libraries that ask for plain memory rely on it.
  c10::DataPtr allocate(std::size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, cpu};
    void* memory = begin_block(c10::alloc_cpu(sizeof(CountedBlock) + bytes), bytes) + 1;
    return {memory, memory, &free_memory, cpu};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &free_memory; }

  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
};

}  // namespace

void count_cpu_memory() {
  static CountingAllocator allocator;
  constexpr std::uint8_t above_default = 1;
  c10::SetCPUAllocator(&allocator, above_default);
}

void count_as(MemoryClass of, const at::Tensor& tensor) {
  const auto& memory = tensor.storage().data_ptr();
  if (memory.get_deleter() == &free_memory) count_block_as(of, block_before(memory.get_context()));
}

}  // namespace ballast
