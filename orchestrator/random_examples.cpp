#include "orchestrator/random_examples.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "orchestrator/draws.h"

namespace ballast {
namespace {

std::int64_t draw_length(const RandomExamplesConfig& config, Draws& draws) {
  const auto end = config.max_length + 1;
  if (config.lengths == LengthDistribution::Uniform) return draws.between(config.min_length, end);
  const auto shortest = static_cast<double>(config.min_length);
  const double length = shortest * std::pow(static_cast<double>(end) / shortest, draws.share());
  return std::clamp(static_cast<std::int64_t>(length), config.min_length, config.max_length);
}

// Appends that many ids from [begin, end).
void extend(TokenIds& ids, std::int64_t count, std::pair<std::int64_t, std::int64_t> range, Draws& draws) {
  for (std::int64_t i = 0; i < count; ++i) ids.push_back(draws.between(range.first, range.second));
}

}  // namespace

std::vector<LabelledRow> random_texts(const RandomExamplesConfig& config, std::int64_t seed) {
  Draws draws(static_cast<std::uint64_t>(seed));
  const auto ids = config.vocab - first_drawn_id;
  std::vector<LabelledRow> rows(config.rows);
  for (auto& row : rows) {
    row.tokens.resize(draw_length(config, draws));
    const auto start = draws.below(ids);
    for (std::size_t i = 0; i < row.tokens.size(); ++i) {
      row.tokens[i] = first_drawn_id + (start + static_cast<std::int64_t>(i)) % ids;
    }
    row.labelled.assign(row.tokens.size(), true);
  }
  return rows;
}

std::vector<PairRow> random_pairs(const RandomExamplesConfig& config, std::int64_t seed) {
  Draws draws(static_cast<std::uint64_t>(seed));
  const auto middle = (first_drawn_id + config.vocab) / 2;
  std::vector<PairRow> rows(config.rows);
  for (auto& row : rows) {
    const auto prompt_length = draw_length(config, draws) / 2;
    extend(row.preferred, prompt_length, {first_drawn_id, config.vocab}, draws);
    row.other = row.preferred;
    const auto rest = [&] { return std::max<std::int64_t>(draw_length(config, draws) - prompt_length, 1); };
    extend(row.preferred, rest(), {middle, config.vocab}, draws);
    extend(row.other, rest(), {first_drawn_id, middle}, draws);
    row.preferred_sign = 1;
    row.other_sign = -1;
  }
  return rows;
}

}  // namespace ballast
