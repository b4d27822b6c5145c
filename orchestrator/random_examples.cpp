#include "orchestrator/random_examples.h"

#include <algorithm>
#include <random>

namespace ballast {
namespace {

constexpr std::int64_t first_id = 3;

// The standard's distributions differ between libraries; the engine and the modulus do not.
class Draws {
 public:
  explicit Draws(std::int64_t seed) : random_(static_cast<std::uint64_t>(seed)) {}

  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  std::int64_t length(const RandomExamplesConfig& config) {
    return config.min_length + below(config.max_length - config.min_length + 1);
  }
  // Appends that many ids from [begin, end).
  void extend(TokenIds& ids, std::int64_t count, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = 0; i < count; ++i) ids.push_back(begin + below(end - begin));
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

std::vector<LabelledRow> random_texts(const RandomExamplesConfig& config, std::int64_t seed) {
  Draws draws(seed);
  const auto ids = config.vocab - first_id;
  std::vector<LabelledRow> rows(config.rows);
  for (auto& row : rows) {
    row.tokens.resize(draws.length(config));
    const auto start = draws.below(ids);
    for (std::size_t i = 0; i < row.tokens.size(); ++i) {
      row.tokens[i] = first_id + (start + static_cast<std::int64_t>(i)) % ids;
    }
    row.labelled.assign(row.tokens.size(), true);
  }
  return rows;
}

std::vector<PairRow> random_pairs(const RandomExamplesConfig& config, std::int64_t seed) {
  Draws draws(seed);
  const auto middle = (first_id + config.vocab) / 2;
  std::vector<PairRow> rows(config.rows);
  for (auto& row : rows) {
    const auto prompt_length = draws.length(config) / 2;
    draws.extend(row.preferred, prompt_length, first_id, config.vocab);
    row.other = row.preferred;
    const auto rest = [&] { return std::max<std::int64_t>(draws.length(config) - prompt_length, 1); };
    draws.extend(row.preferred, rest(), middle, config.vocab);
    draws.extend(row.other, rest(), first_id, middle);
    row.preferred_sign = 1;
    row.other_sign = -1;
  }
  return rows;
}

}  // namespace ballast
