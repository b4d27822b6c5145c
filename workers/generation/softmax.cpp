#include "workers/generation/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "workers/cpu_kernels/lanes.h"

namespace ballast {
namespace {

constexpr std::int64_t block_size = 4 * lane_count;

std::int64_t blocks_of(std::int64_t vocab) { return (vocab + block_size - 1) / block_size; }

BALLAST_KERNEL float highest_of(std::span<const float> whole_lanes) {
  Lanes highest;
  load(highest, whole_lanes.data());
  for (std::size_t i = lane_count; i < whole_lanes.size(); i += lane_count) {
    Lanes lanes;
    load(lanes, whole_lanes.data() + i);
    highest = lanes > highest ? lanes : highest;
  }
  return max_of(highest);
}

// weights [block] = exp(logits - highest); returns their sum.
BALLAST_KERNEL double weigh_block(const float* logits, float highest, float* weights) {
  Lanes sum = {};
  for (std::int64_t i = 0; i < block_size; i += lane_count) {
    Lanes lanes;
    load(lanes, logits + i);
    lanes -= highest;
    exponentiate(lanes);
    store(weights + i, lanes);
    sum += lanes;
  }
  return sum_of(sum);
}

}  // namespace

Softmax::Softmax(std::int64_t vocab)
    : vocab_(vocab),
      logits_(blocks_of(vocab) * block_size, -std::numeric_limits<float>::infinity()),
      weights_(logits_.size()),
      block_totals_(blocks_of(vocab)) {}

void Softmax::take(std::span<const float> logits_V) {
  std::copy(logits_V.begin(), logits_V.end(), logits_.begin());
  highest_ = highest_of(logits_);
  total_ = 0.0;
  for (std::size_t block = 0; block < block_totals_.size(); ++block) {
    const std::size_t begin = block * block_size;
    block_totals_[block] = weigh_block(&logits_[begin], highest_, &weights_[begin]);
    total_ += block_totals_[block];
  }
  log_total_ = std::log(total_);
}

float Softmax::log_prob(std::int64_t token) const {
  return static_cast<float>(static_cast<double>(logits_[token]) - highest_ - log_total_);
}

std::int64_t Softmax::token_at(double draw) const {
  const double target = draw * total_;
  std::size_t block = 0;
  double before = 0.0;
  while (block + 1 < block_totals_.size() && before + block_totals_[block] <= target) before += block_totals_[block++];
  const auto begin = static_cast<std::int64_t>(block) * block_size;
  std::int64_t last_possible = 0;  // rounding may leave the sum of a block just below what is drawn
  for (std::int64_t token = begin; token < std::min(begin + block_size, vocab_); ++token) {
    if (weights_[token] > 0.0F) last_possible = token;
    before += weights_[token];
    if (before > target) return token;
  }
  return last_possible;
}

}  // namespace ballast
