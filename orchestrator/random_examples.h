// Examples made of nothing, with a rule to learn: for smoke runs and benchmarks, where no data is at hand.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "workers/commands.h"

namespace ballast {

enum class LengthDistribution : std::uint8_t { Uniform, LogUniform };
inline constexpr std::array<std::pair<LengthDistribution, std::string_view>, 2> length_distribution_names{{
    {LengthDistribution::Uniform, "uniform"},
    {LengthDistribution::LogUniform, "log_uniform"},
}};
constexpr const auto& enum_names(LengthDistribution) { return length_distribution_names; }

struct RandomExamplesConfig {
  std::int64_t rows = 64;
  std::int64_t min_length = 8;
  std::int64_t max_length = 24;
  LengthDistribution lengths = LengthDistribution::Uniform;
  std::int64_t vocab = 128;  // ids are drawn from [3, vocab): the first three are pad, bos and eos by custom

  template <typename Fields>
  void describe(Fields& field) {
    field("rows", rows, "number of examples").at_least(2);
    field("min_length", min_length, "tokens of the shortest").at_least(4);
    field("max_length", max_length, "tokens of the longest").at_least(4);
    field("lengths", lengths, "how they are distributed: uniform, or log_uniform, where short ones are many");
    field("vocab", vocab, "ids are drawn from 3 to vocab - 1").at_least(8);
  }
};

// Counting: each token is the one before plus one, from a random start, round at the end of the vocabulary. All tokens
// are labelled.
std::vector<LabelledRow> random_texts(const RandomExamplesConfig& config, std::int64_t seed);

// A random prompt, half of the length, with two random responses: the preferred one, safe, has its tokens from the
// upper half of the vocabulary, the other one, unsafe, from the lower half.
std::vector<PairRow> random_pairs(const RandomExamplesConfig& config, std::int64_t seed);

}  // namespace ballast
