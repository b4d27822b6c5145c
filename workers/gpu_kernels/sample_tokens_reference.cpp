#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "workers/gpu_kernels/elements.h"
#include "workers/gpu_kernels/sample_tokens.h"

namespace ballast::gpu {
namespace {

// exp(score - highest) and its sums over blocks of ids.
struct Weights {
  std::vector<float> of_ids;
  std::vector<double> of_blocks;
  float highest = 0.0F;
  double total = 0.0;

  explicit Weights(std::span<const float> scores) : highest(*std::max_element(scores.begin(), scores.end())) {
    for (const float score : scores) {
      if (of_ids.size() % sample_block == 0) of_blocks.push_back(0.0);
      of_ids.push_back(std::exp(score - highest));
      of_blocks.back() += of_ids.back();
    }
    for (const double block : of_blocks) total += block;
  }

  float log_prob(float score) const {
    return static_cast<float>(static_cast<double>(score) - highest - std::log(total));
  }

  // The last id of any weight where rounding leaves the sum below the draw.
  std::int64_t token_at(double draw) const {
    const double target = draw * total;
    double before = 0.0;
    std::size_t block = 0;
    while (block + 1 < of_blocks.size() && before + of_blocks[block] <= target) before += of_blocks[block++];
    std::int64_t last = 0;
    for (std::size_t id = block * sample_block; id < std::min(of_ids.size(), (block + 1) * sample_block); ++id) {
      before += of_ids[id];
      if (of_ids[id] > 0.0F) last = static_cast<std::int64_t>(id);
      if (before > target) return last;
    }
    return last;
  }
};

void sample_row(const SampleTokens& sample, std::int64_t row) {
  const Elements logits_SV(sample.logits_SV, sample.dtype);
  std::vector<float> logits;
  for (std::int64_t id = 0; id < sample.vocab; ++id) logits.push_back(logits_SV.get(row * sample.vocab + id));
  std::vector<float> scores = logits;
  if (sample.may_end_S[row] == 0)
    for (std::int64_t i = 0; i < sample.end_token_count; ++i)
      scores[sample.end_tokens[i]] = -std::numeric_limits<float>::infinity();
  const Weights model(logits);
  if (sample.temperature == 0.0F) {
    const auto token = std::max_element(scores.begin(), scores.end()) - scores.begin();
    sample.tokens_S[row] = token;
    sample.sampling_log_probs_S[row] = 0.0F;
  } else {
    for (float& score : scores) score /= sample.temperature;
    const Weights sampled(scores);
    const auto token = sampled.token_at(sample.draws_S[row]);
    sample.tokens_S[row] = token;
    sample.sampling_log_probs_S[row] = sampled.log_prob(scores[token]);
  }
  sample.log_probs_S[row] = model.log_prob(logits[sample.tokens_S[row]]);
}

}  // namespace

void sample_tokens_reference(const SampleTokens& sample, Stream /*stream*/) {
  for (std::int64_t row = 0; row < sample.rows; ++row) sample_row(sample, row);
}

}  // namespace ballast::gpu
