#include "workers/memory/counting_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>

#include "workers/memory/counted_block.h"

namespace ballast {
namespace {

void free_block(void* block) {
  end_block(static_cast<CountedBlock*>(block));
  c10::free_cpu(block);
}

class CountingAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, cpu};
    CountedBlock* block = begin_block(c10::alloc_cpu(sizeof(CountedBlock) + bytes), bytes);
    return {block + 1, block, &free_block, cpu};
  }

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
  if (memory.get_deleter() == &free_block) count_block_as(of, static_cast<CountedBlock*>(memory.get_context()));
}

}  // namespace ballast
