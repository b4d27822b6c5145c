// Rewards and costs by a model: the score of the whole sequence, at the last response token.
#pragma once
#include <memory>

#include "algorithms/rewards/reward_function.h"
#include "workers/data/tokenizer.h"
#include "workers/model/score_model.h"

namespace ballast {

// A model that knows the actor's tokens.
class LearnedReward : public RewardFunction {
 public:
  explicit LearnedReward(std::unique_ptr<ScoreModel> model) : model_(std::move(model)) {}
  torch::Tensor score(const Rollout& rollout) const override;

 private:
  std::unique_ptr<ScoreModel> model_;
};

// A model with a tokenizer of its own. It scores the actor's text, special tokens left out, with its own eos text
// appended (also where the response was cut off), in its own tokens, however many they are. Throws UserError if they
// are more than the model has positions.
class RetokenizedReward : public RewardFunction {
 public:
  struct Tokenizers {
    std::unique_ptr<Tokenizer> actor;
    std::unique_ptr<Tokenizer> own;
  };
  RetokenizedReward(std::unique_ptr<ScoreModel> model, Tokenizers tokenizers)
      : model_(std::move(model)), tokenizers_(std::move(tokenizers)) {}
  torch::Tensor score(const Rollout& rollout) const override;

 private:
  TokenIds own_tokens(const torch::Tensor& tokens_L) const;

  std::unique_ptr<ScoreModel> model_;
  Tokenizers tokenizers_;
};

}  // namespace ballast
