// Which golden files are checked, and by whom.
#pragma once
#include <string_view>

#include "tests/golden/golden_case.h"

namespace ballast::golden {

using Runner = Outputs (*)(const GoldenCase&);

/// The runner of a kind of golden file; nullptr if there is none.
Runner find_runner(std::string_view kind);

}  // namespace ballast::golden
