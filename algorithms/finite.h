// A loss that is NaN or infinite stops the run before the optimizer step.
#pragma once
#include <torch/types.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ballast {

/// A loss was NaN or infinite. The message names the loss, the row and the value.
class NonFiniteLoss : public std::runtime_error {
 public:
  NonFiniteLoss(const std::string& message, std::int64_t row) : std::runtime_error(message), row_(row) {}

  /// First row of the micro-batch whose loss is not finite.
  std::int64_t row() const { return row_; }

 private:
  std::int64_t row_;
};

/// Throws NonFiniteLoss unless every row's loss [B] is finite; `name` is the loss's, as in the metrics.
void require_finite(const torch::Tensor& loss_B, std::string_view name);

}  // namespace ballast
