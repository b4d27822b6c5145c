#include "workers/generation/sharded_choice.h"

#include <bit>
#include <vector>

#include "workers/model/tensor_buffer.h"

namespace ballast {
namespace {

// What a choice is on its way: the token, and its two log-probs in the bits of one number.
constexpr std::int64_t choice_numbers = 2;

struct LogProbs {
  float of_model;
  float of_sampling;
};

}  // namespace

at::Tensor whole_logits(const at::Tensor& logits, const Shards& shards, std::int64_t vocab) {
  if (shards.count() == 1) return logits;
  if (shards.index() > 0) {
    shards.communicator->send(0, buffer_of(logits)).wait(shards.timeout);
    return {};
  }
  std::vector<at::Tensor> blocks{logits};
  std::vector<Receive> receives;
  for (int shard = 1; shard < shards.count(); ++shard) {
    const std::int64_t size = block_of(vocab, shards.count(), shard).size();
    blocks.push_back(at::empty({logits.size(0), size}, logits.options()));
    receives.push_back({.from = shard, .buffer = buffer_of(blocks.back())});
  }
  shards.communicator->exchange({}, std::move(receives)).wait(shards.timeout);
  return at::cat(blocks, 1);
}

void share_choices(std::span<Choice> choices, const Shards& shards, c10::Device device) {
  if (shards.count() == 1) return;
  const at::Tensor numbers = at::empty({static_cast<std::int64_t>(choices.size()), choice_numbers}, at::kLong);
  auto* number = numbers.mutable_data_ptr<std::int64_t>();
  for (const Choice& choice : choices) {
    *number++ = choice.token;
    *number++ =
        std::bit_cast<std::int64_t>(LogProbs{.of_model = choice.log_prob, .of_sampling = choice.sampling_log_prob});
  }
  const at::Tensor on_device = numbers.to(device);
  shards.communicator->broadcast({on_device.mutable_data_ptr(), on_device.numel(), DType::int64}, /*root=*/0)
      .wait(shards.timeout);
  numbers.copy_(on_device);
  number = numbers.mutable_data_ptr<std::int64_t>();
  for (Choice& choice : choices) {
    choice.token = *number++;
    const auto log_probs = std::bit_cast<LogProbs>(*number++);
    choice.log_prob = log_probs.of_model;
    choice.sampling_log_prob = log_probs.of_sampling;
  }
}

}  // namespace ballast
