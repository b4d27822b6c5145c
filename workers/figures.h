// From tensors to the figures that events carry.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "workers/commands.h"

namespace ballast {

// `figures`: name -> [B], a value for each of the rows.
Figures figures_by_row(const std::vector<std::int64_t>& row_ids, const std::map<std::string, at::Tensor>& figures);

}  // namespace ballast
