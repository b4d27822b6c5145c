// Golden runners of workers/data/, with the toy byte tokenizer that made the files.
#pragma once
#include "tests/golden/golden_case.h"

namespace ballast::golden {

Outputs run_preference_data(const GoldenCase& golden_case);
Outputs run_prompt_format(const GoldenCase& golden_case);
Outputs run_prompt_only_data(const GoldenCase& golden_case);
Outputs run_supervised_data(const GoldenCase& golden_case);

}  // namespace ballast::golden
