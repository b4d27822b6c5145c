#include "orchestrator/shuffle.h"

#include <numeric>
#include <random>
#include <utility>

namespace ballast {

std::vector<std::int64_t> shuffled_order(std::int64_t count, std::int64_t seed, std::int64_t epoch) {
  const auto bits = static_cast<std::uint64_t>(seed);
  std::seed_seq seeds{static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32),
                      static_cast<std::uint32_t>(epoch)};
  std::mt19937_64 random(seeds);
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[random() % left]);
  return order;
}

}  // namespace ballast
