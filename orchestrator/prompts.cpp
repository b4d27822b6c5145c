#include "orchestrator/prompts.h"

#include <random>

namespace ballast {
namespace {

class RandomPrompts : public PromptStream {
 public:
  RandomPrompts(const RandomPromptsConfig& config, const BatchConfig& batch, std::uint64_t seed)
      : config_(config), batch_(batch), random_(seed) {}

  PromptBatch next() override {
    PromptBatch result{.max_length = batch_.max_length, .micro_batches = {}, .ptx = {}};
    for (std::int64_t m = 0; m < batch_.rollout / batch_.micro_batch; ++m) {
      auto& rows = result.micro_batches.emplace_back();
      for (std::int64_t i = 0; i < batch_.micro_batch; ++i) rows.push_back({next_id_++, prompt(), {}});
    }
    return result;
  }

 private:
  // The standard's distributions differ between libraries; the engine and the modulus do not.
  std::int64_t draw(std::int64_t begin, std::int64_t end) {
    return begin + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end - begin));
  }

  TokenIds prompt() {
    TokenIds ids(draw(config_.min_length, config_.max_length + 1));
    for (auto& id : ids) id = draw(3, config_.vocab);
    return ids;
  }

  RandomPromptsConfig config_;
  BatchConfig batch_;
  std::mt19937_64 random_;
  std::int64_t next_id_ = 0;
};

}  // namespace

std::unique_ptr<PromptStream> random_prompts(const RandomPromptsConfig& config, const BatchConfig& batch,
                                             std::uint64_t seed) {
  return std::make_unique<RandomPrompts>(config, batch, seed);
}

}  // namespace ballast
