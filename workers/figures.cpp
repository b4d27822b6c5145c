#include "workers/figures.h"

#include <ATen/ATen.h>

namespace ballast {

Figures figures_by_row(const std::vector<std::int64_t>& row_ids, const std::map<std::string, at::Tensor>& figures) {
  Figures result{.ids = row_ids, .values = {}};
  for (const auto& [name, tensor_B] : figures) {
    const auto values = tensor_B.to(at::kCPU, at::kDouble).contiguous();
    const auto* begin = values.const_data_ptr<double>();
    result.values[name].assign(begin, begin + values.numel());
  }
  return result;
}

}  // namespace ballast
