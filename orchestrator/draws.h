// Random numbers for prompts and examples that are made of nothing.
#pragma once
#include <cstdint>
#include <random>

namespace ballast {

// The first three ids are pad, bos and eos by custom; drawn ids begin after them.
inline constexpr std::int64_t first_drawn_id = 3;

// The standard's distributions differ between libraries; the engine and the modulus do not.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}

  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  // In [0, 1), a multiple of 2^-53.
  double share() { return static_cast<double>(random_() >> 11U) * 0x1p-53; }
  // In [begin, end).
  std::int64_t between(std::int64_t begin, std::int64_t end) { return begin + below(end - begin); }

 private:
  std::mt19937_64 random_;
};

}  // namespace ballast
