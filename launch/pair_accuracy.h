// How well scores of pairs agree with their annotations.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "workers/data/dataset_config.h"
#include "workers/data/json_rows.h"

namespace ballast {

// Rows with NAME_0 and NAME_1 against what annotators said, one sentence for each annotation that rows have: which is
// better, which is safer, whether each is safe. Of a cost the lower score is the better and the safer, and above 0 is
// unsafe; of anything else the higher score is.
std::vector<std::string> pair_accuracies(std::span<const JsonRow> rows, const std::string& name, const RowKeys& keys,
                                         bool is_cost);

}  // namespace ballast
