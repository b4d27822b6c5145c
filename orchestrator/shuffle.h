// The order in which an epoch visits its rows.
#pragma once
#include <cstdint>
#include <vector>

namespace ballast {

// 0 to count - 1 in an order that depends on seed and epoch alone: Fisher-Yates from the end, driven by mt19937_64
// seeded with (seed's low half, its high half, epoch) through std::seed_seq, an index drawn as the next number modulo
// the places left. All of it is fixed by the C++ standard, so the order is the same everywhere.
std::vector<std::int64_t> shuffled_order(std::int64_t count, std::int64_t seed, std::int64_t epoch);

}  // namespace ballast
