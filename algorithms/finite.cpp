#include "algorithms/finite.h"

#include <fmt/format.h>

namespace ballast {

void require_finite(const torch::Tensor& loss_B, std::string_view name) {
  const auto bad_rows = torch::isfinite(loss_B).logical_not().nonzero();
  if (bad_rows.size(0) == 0) {
    return;
  }
  const auto row = bad_rows[0].item<std::int64_t>();
  throw NonFiniteLoss(fmt::format("{} is {} in row {} of {} ({} rows in all)", name, loss_B[row].item<double>(), row,
                                  loss_B.size(0), bad_rows.size(0)),
                      row);
}

}  // namespace ballast
