#include "workers/generation/shard_sum.h"

#include <type_traits>
#include <utility>

#include "workers/cpu_kernels/flat.h"

namespace ballast {

template <typename Element>
ShardSum<Element>::ShardSum(const Shards& shards, std::int64_t elements)
    : shards_(shards), parts_(shards.count() * elements) {}

template <typename Element>
void ShardSum<Element>::gather(const Element* part, std::int64_t count) noexcept {
  constexpr DType dtype = std::is_same_v<Element, float> ? DType::float32 : DType::bfloat16;
  if (failure_) return;
  count_ = count;
  try {
    shards_.communicator->all_gather({part, count, dtype}, {parts_.data(), shards_.count() * count, dtype})
        .wait(shards_.timeout);
  } catch (...) {
    failure_ = std::current_exception();
  }
}

template <typename Element>
void ShardSum<Element>::take(Element* sum, std::int64_t offset, std::int64_t count) const {
  cpu::add_parts(sum, {.first = parts_.data() + offset, .stride = count_, .count = shards_.count()}, count);
}

template <typename Element>
void ShardSum<Element>::check() {
  if (failure_) std::rethrow_exception(std::exchange(failure_, {}));
}

template class ShardSum<float>;
template class ShardSum<Bfloat16>;

}  // namespace ballast
