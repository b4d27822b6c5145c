// Golden runners of algorithms/: each computes every output of one kind of golden file.
#pragma once
#include "tests/golden/golden_case.h"

namespace ballast::golden {

Outputs run_actor_loss(const GoldenCase& golden_case);
Outputs run_cost_loss(const GoldenCase& golden_case);
Outputs run_critic_loss(const GoldenCase& golden_case);
Outputs run_dpo_loss(const GoldenCase& golden_case);
Outputs run_end_scores(const GoldenCase& golden_case);
Outputs run_gae(const GoldenCase& golden_case);
Outputs run_gather_log_probabilities(const GoldenCase& golden_case);
Outputs run_kl_shaping(const GoldenCase& golden_case);
Outputs run_lambda_update(const GoldenCase& golden_case);
Outputs run_masked_mean(const GoldenCase& golden_case);
Outputs run_normalizer(const GoldenCase& golden_case);
Outputs run_ptx_loss(const GoldenCase& golden_case);
Outputs run_reward_loss(const GoldenCase& golden_case);

}  // namespace ballast::golden
