// Rollout -> Score: the one interface of every reward and every cost, learned or not.
// B rows, L = max_length, T = L - 1 positions; position t holds the prediction of token t + 1.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <string>

namespace ballast {

/// A prompt and its response as text, special tokens left out.
struct Completion {
  std::string prompt;
  std::string response;
  /// The response ended by itself, with an end-of-sequence token, and was not cut off.
  bool ended = false;
};

/// Prompts with responses, as a reward function sees them.
struct Rollout {
  torch::Tensor tokens_BL;  // int64, padded on the right
  torch::Tensor lengths_B;  // int64, prompt and response together
  torch::Tensor mask_BT;    // bool: response_mask
  /// Text of a row; decodes when it is called. Only rewards by rule need it.
  std::function<Completion(std::int64_t row)> completion;
};

class RewardFunction {
 public:
  virtual ~RewardFunction() = default;

  /// float32 [B, T] token rewards (for a cost: token costs), 0 outside the response.
  virtual torch::Tensor score(const Rollout& rollout) const = 0;
};

/// [B, T]: each row's score [B] at its last response token, 0 elsewhere; a row without response has no score.
torch::Tensor at_last_response_token(const torch::Tensor& score_B, const torch::Tensor& mask_BT);

}  // namespace ballast
