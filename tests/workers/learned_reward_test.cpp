#include "workers/learned_reward.h"

#include <gtest/gtest.h>

#include "tests/workers/data/toy_tokenizer.h"
#include "tests/workers/model/tiny_models.h"
#include "workers/user_error.h"

namespace ballast {
namespace {

constexpr std::int64_t max_length = 8;

/// A tokenizer of another vocabulary: lower-case letters, ids from 30 down; 0 ends a text.
class Letters : public ToyTokenizer {
 public:
  TokenIds encode(std::string_view text) const override {
    const bool ended = text.ends_with("#");
    TokenIds ids;
    for (const char c : text.substr(0, text.size() - ended)) ids.push_back(30 - (c - 'a'));
    if (ended) ids.push_back(0);
    return ids;
  }
  std::string decode(std::span<const std::int64_t> ids) const override {
    std::string text;
    for (const auto id : ids) text += id == 0 ? "" : std::string(1, static_cast<char>('a' + (30 - id)));
    return text;
  }
  const SpecialTokens& special_tokens() const override { return special_; }

 private:
  SpecialTokens special_{.eos = 0, .eos_text = "#"};
};

/// The same letters, ids from 1 up; 36 ends a text.
class OwnLetters : public Letters {
 public:
  TokenIds encode(std::string_view text) const override {
    TokenIds ids;
    for (const char c : text) ids.push_back(c == '!' ? 36 : 1 + (c - 'a'));
    return ids;
  }
  const SpecialTokens& special_tokens() const override { return special_; }

 private:
  SpecialTokens special_{.eos = 36, .eos_text = "!"};
};

std::unique_ptr<ScoreModel> score_model(std::int64_t max_positions = 32) {
  auto source = tiny_model(Family::Llama);
  source.random->max_length = max_positions;
  return ScoreModel::from_source(source, ScoreType::Reward, Use::Infer);
}

/// 'ab' + 'c' with eos, and 'abcd' + 'e' cut off, in the actor's ids.
Rollout rollout() {
  const Letters actor;
  const auto tokens_BL = torch::zeros({2, max_length}, torch::kInt64);
  const auto put = [&](std::int64_t row, const TokenIds& ids) {
    tokens_BL[row].narrow(0, 0, static_cast<std::int64_t>(ids.size())).copy_(torch::tensor(ids, torch::kInt64));
  };
  put(0, actor.encode("abc#"));
  put(1, actor.encode("abcde"));
  auto mask_BT = torch::zeros({2, max_length - 1}, torch::kBool);
  mask_BT[0].slice(0, 1, 3).fill_(true);
  mask_BT[1].slice(0, 3, 4).fill_(true);
  return {.tokens_BL = tokens_BL, .lengths_B = torch::tensor({4, 5}, torch::kInt64), .mask_BT = mask_BT};
}

/// [2]: what the model gives these sequences.
torch::Tensor end_scores(const std::vector<TokenIds>& sequences) {
  return score_model()->end_scores(PackedTokens::from_sequences(sequences));
}

TEST(LearnedReward, PutsTheSequencesScoreAtTheLastResponseToken) {
  const torch::NoGradGuard no_grad;
  const Letters actor;
  const auto scores_BT = LearnedReward(score_model()).score(rollout());
  const auto expected_B = end_scores({actor.encode("abc#"), actor.encode("abcde")});
  EXPECT_TRUE(torch::equal(scores_BT, at_last_response_token(expected_B, rollout().mask_BT)));
  EXPECT_EQ(scores_BT[0][2].item<float>(), expected_B[0].item<float>());
}

TEST(RetokenizedReward, ScoresTheTextInItsOwnTokensWithItsOwnEos) {
  const torch::NoGradGuard no_grad;
  const RetokenizedReward reward(score_model(),
                                 {.actor = std::make_unique<Letters>(), .own = std::make_unique<OwnLetters>()});
  const auto expected_B = end_scores({{1, 2, 3, 36}, {1, 2, 3, 4, 5, 36}});
  EXPECT_TRUE(torch::equal(reward.score(rollout()), at_last_response_token(expected_B, rollout().mask_BT)));
}

TEST(RetokenizedReward, RefusesATextThatIsLongerThanTheModel) {
  const torch::NoGradGuard no_grad;
  const RetokenizedReward reward(score_model(5),
                                 {.actor = std::make_unique<Letters>(), .own = std::make_unique<OwnLetters>()});
  EXPECT_THROW(reward.score(rollout()), UserError);
}

}  // namespace
}  // namespace ballast
