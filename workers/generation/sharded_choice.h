// How the shards of one model come to one choice: shard 0 gets the logits of all, chooses, and tells the others.
// V = vocabulary, of which each shard has a block.
#pragma once
#include <torch/types.h>

#include <span>

#include "workers/generation/choice.h"
#include "workers/model/shards.h"

namespace ballast {

// Of every shard's logits [N, its block], contiguous, those of the whole vocabulary on shard 0, [N, V]; undefined on
// the others. All are of one dtype and lie where the communicator expects its buffers.
at::Tensor whole_logits(const at::Tensor& logits, const Shards& shards, std::int64_t vocab);

// Afterwards every shard has the choices of shard 0, of which there are equally many on each. `device`: where the
// communicator expects its buffers.
void share_choices(std::span<Choice> choices, const Shards& shards, c10::Device device);

}  // namespace ballast
