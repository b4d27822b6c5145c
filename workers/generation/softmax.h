// The softmax of one row of logits, kept unnormalised, so that a token is drawn without dividing.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace ballast {

class Softmax {
 public:
  explicit Softmax(std::int64_t vocab);

  // Takes in one row [V]. Impossible tokens are -inf; at least one must be possible.
  void take(std::span<const float> logits_V);
  // log softmax at the token.
  float log_prob(std::int64_t token) const;
  // exp(logit - highest logit): the probability but for a factor, [V].
  std::span<const float> weights() const { return {weights_.data(), static_cast<std::size_t>(vocab_)}; }
  double total_weight() const { return total_; }
  // The token at which the cumulative distribution passes `draw` in [0, 1), in the order of ids. Sums run in float64
  // over fixed blocks of ids. A token of weight 0 is never picked.
  std::int64_t token_at(double draw) const;

 private:
  std::int64_t vocab_;
  std::vector<float> logits_;         // filled up with -inf to whole blocks
  std::vector<float> weights_;        // alike
  std::vector<double> block_totals_;  // of weights
  float highest_ = 0.0F;
  double total_ = 0.0;
  double log_total_ = 0.0;
};

}  // namespace ballast
