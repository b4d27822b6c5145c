// What a decode step takes from the host and gives back: one copy each way, always through the same memory, so that a
// recorded step can run again. S rows.
#pragma once
#include <torch/types.h>

#include "workers/generation/choice.h"
#include "workers/generation/gpu_attention.h"
#include "workers/gpu_kernels/sample_tokens.h"

namespace ballast {

class StepBuffers {
 public:
  StepBuffers(std::int64_t rows, c10::Device device);

  // Before rows are set: all are idle.
  void clear();
  void set(std::int64_t row, const Situation& situation);
  void set(std::int64_t row, std::int64_t token, std::int64_t position);
  // To the device; the host's side may be changed again after `receive`.
  void send();
  // Waits for what the device has chosen.
  void receive();
  Choice choice(std::int64_t row) const;

  // Every row is the slot of its number.
  const SlotRows& rows() const { return rows_; }
  // The device's situations and choices of the first rows of the buffers; logits and settings are the caller's.
  gpu::SampleTokens sampling() const;

 private:
  enum Input : std::int64_t { Token, Position, MayEnd, Draw, input_count };

  std::int64_t& input(Input which, std::int64_t row);

  at::Tensor host_inputs_;  // int64 [inputs, S], in memory that the device can read while the host goes on
  at::Tensor inputs_;
  SlotRows rows_;
  at::Tensor
      host_outputs_;  // int64 [2, S]: tokens; two float32 to an element: log-probs of all rows, sampling log-probs
  at::Tensor outputs_;
};

}  // namespace ballast
