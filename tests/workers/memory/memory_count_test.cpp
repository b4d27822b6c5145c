#include "workers/memory/memory_count.h"

#include <c10/core/CPUAllocator.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <thread>

#include "workers/cpu_kernels/aligned_vector.h"
#include "workers/memory/counting_allocator.h"

namespace ballast {
namespace {

TEST(MemoryCount, KeepsTheMostOfEachClassAndOfAllTogether) {
  MemoryCount count;
  count.add(MemoryClass::Parameters, 100);
  count.add(MemoryClass::Activations, 50);
  count.remove(MemoryClass::Activations, 50);
  count.add(MemoryClass::Buffers, 20);
  EXPECT_EQ(count.bytes().total(), 120);
  EXPECT_EQ(count.peaks().of_class[MemoryClass::Activations], 50);
  EXPECT_EQ(count.peaks().of_class.total(), 170) << "peaks of different times";
  EXPECT_EQ(count.peaks().in_all, 150);
  count.restart();
  EXPECT_EQ(count.peaks().of_class, count.bytes());
  EXPECT_EQ(count.peaks().in_all, 120);
}

TEST(MemoryCount, CountsThreadsTogether) {
  MemoryCount count;
  const auto add_and_remove = [&] {
    for (int i = 0; i < 10'000; ++i) {
      count.add(MemoryClass::KvCache, 3);
      count.remove(MemoryClass::KvCache, 2);
    }
  };
  std::thread other(add_and_remove);
  add_and_remove();
  other.join();
  EXPECT_EQ(count.bytes()[MemoryClass::KvCache], 20'000);
  EXPECT_GE(count.peaks().in_all, 20'000);
  EXPECT_LE(count.peaks().in_all, 20'006);
}

TEST(MemoryScope, NestsAndEndsWithItsBlock) {
  EXPECT_EQ(MemoryScope::current(), MemoryClass::Activations);
  {
    const MemoryScope outer(MemoryClass::Optimizer);
    EXPECT_EQ(counted_as(MemoryClass::KvCache, [] { return MemoryScope::current(); }), MemoryClass::KvCache);
    EXPECT_EQ(MemoryScope::current(), MemoryClass::Optimizer);
    std::thread([] { EXPECT_EQ(MemoryScope::current(), MemoryClass::Activations); }).join();
  }
  EXPECT_EQ(MemoryScope::current(), MemoryClass::Activations);
}

// What is there more than when the test began.
class CountingAllocator : public ::testing::Test {
 protected:
  CountingAllocator() {
    count_cpu_memory();
    before_ = memory_count().bytes();
  }
  std::int64_t added(MemoryClass of) const { return memory_count().bytes()[of] - before_[of]; }

  MemoryBytes before_;
};

TEST_F(CountingAllocator, CountsTensorsUntilTheirStorageIsFreed) {
  auto values = torch::zeros({1000}, torch::kFloat32);
  const auto view = values.narrow(0, 10, 5);
  EXPECT_EQ(added(MemoryClass::Activations), 4000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data_ptr()) % 64, 0);
  values.reset();
  EXPECT_EQ(added(MemoryClass::Activations), 4000) << "the view still holds the storage";
}

TEST_F(CountingAllocator, TakesTheClassOfTheScopeAndFreesItElsewhere) {
  auto values = counted_as(MemoryClass::Gradients, [] { return torch::zeros({10}, torch::kFloat64); });
  EXPECT_EQ(added(MemoryClass::Gradients), 80);
  std::thread([moved = std::move(values)]() mutable { moved.reset(); }).join();
  EXPECT_EQ(added(MemoryClass::Gradients), 0);
}

TEST_F(CountingAllocator, MovesATensorToAnotherClass) {
  const auto values = torch::zeros({10}, torch::kInt64);
  count_as(MemoryClass::Buffers, values.view({2, 5}));
  EXPECT_EQ(added(MemoryClass::Buffers), 80);
  EXPECT_EQ(added(MemoryClass::Activations), 0);
  std::array<float, 4> memory{};
  count_as(MemoryClass::Buffers, torch::from_blob(memory.data(), {4}));
  EXPECT_EQ(added(MemoryClass::Buffers), 80) << "memory that nobody counted stays so";
}

TEST_F(CountingAllocator, CountsWhatKernelsAllocateThemselves) {
  const MemoryScope scope(MemoryClass::KvCache);
  AlignedVector<float> cache(100);
  EXPECT_EQ(added(MemoryClass::KvCache), 400);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(cache.data()) % 64, 0);
  AlignedVector<float> taken = std::move(cache);
  EXPECT_EQ(added(MemoryClass::KvCache), 400);
  taken = AlignedVector<float>();
  EXPECT_EQ(added(MemoryClass::KvCache), 0);
}

TEST_F(CountingAllocator, GivesPlainMemoryToWhoeverAsksForIt) {
  auto* allocator = c10::GetCPUAllocator();
  void* memory = allocator->raw_allocate(100);
  EXPECT_EQ(added(MemoryClass::Activations), 100);
  allocator->raw_deallocate(memory);
  EXPECT_EQ(added(MemoryClass::Activations), 0);
}

TEST_F(CountingAllocator, HasNoMemoryForAnEmptyTensor) {
  const auto nothing = torch::empty({0});
  EXPECT_EQ(added(MemoryClass::Activations), 0);
  EXPECT_EQ(nothing.numel(), 0);
}

}  // namespace
}  // namespace ballast
