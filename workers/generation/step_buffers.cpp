#include "workers/generation/step_buffers.h"

#include <bit>

namespace ballast {
namespace {

at::Tensor host_memory(std::int64_t count, std::int64_t rows, c10::Device device) {
  return at::zeros({count, rows}, at::TensorOptions(at::kLong).pinned_memory(device.is_cuda()));
}

const float* log_probs_of(const at::Tensor& outputs) {
  return reinterpret_cast<const float*>(outputs.const_data_ptr<std::int64_t>() + outputs.size(1));
}

}  // namespace

StepBuffers::StepBuffers(std::int64_t rows, c10::Device device)
    : host_inputs_(host_memory(input_count, rows, device)),
      inputs_(host_inputs_.to(device, at::kLong, /*non_blocking=*/false, /*copy=*/true)),
      rows_{.tokens_N = inputs_[Token],
            .slots_N = at::arange(rows, at::TensorOptions(at::kLong).device(device)),
            .positions_N = inputs_[Position]},
      host_outputs_(host_memory(2, rows, device)),
      outputs_(host_outputs_.to(device, at::kLong, /*non_blocking=*/false, /*copy=*/true)) {}

std::int64_t& StepBuffers::input(Input which, std::int64_t row) {
  return host_inputs_.mutable_data_ptr<std::int64_t>()[which * host_inputs_.size(1) + row];
}

void StepBuffers::clear() {
  for (std::int64_t row = 0; row < host_inputs_.size(1); ++row) {
    set(row, Situation{});
    set(row, /*token=*/0, /*position=*/-1);
  }
}

void StepBuffers::set(std::int64_t row, const Situation& situation) {
  input(MayEnd, row) = situation.may_end ? 1 : 0;
  input(Draw, row) = std::bit_cast<std::int64_t>(situation.draw);
}

void StepBuffers::set(std::int64_t row, std::int64_t token, std::int64_t position) {
  input(Token, row) = token;
  input(Position, row) = position;
}

void StepBuffers::send() { inputs_.copy_(host_inputs_, /*non_blocking=*/true); }

void StepBuffers::receive() { host_outputs_.copy_(outputs_); }

Choice StepBuffers::choice(std::int64_t row) const {
  const float* log_probs = log_probs_of(host_outputs_);
  return {.token = host_outputs_.const_data_ptr<std::int64_t>()[row],
          .log_prob = log_probs[row],
          .sampling_log_prob = log_probs[host_outputs_.size(1) + row]};
}

gpu::SampleTokens StepBuffers::sampling() const {
  auto* log_probs = const_cast<float*>(log_probs_of(outputs_));
  const auto of = [&](Input which) { return inputs_.const_data_ptr<std::int64_t>() + which * inputs_.size(1); };
  return {.may_end_S = of(MayEnd),
          .draws_S = reinterpret_cast<const double*>(of(Draw)),
          .tokens_S = outputs_.mutable_data_ptr<std::int64_t>(),
          .log_probs_S = log_probs,
          .sampling_log_probs_S = log_probs + outputs_.size(1)};
}

}  // namespace ballast
