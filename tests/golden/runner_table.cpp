#include "tests/golden/runner_table.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/golden/data_runners.h"
#include "tests/golden/maths_runners.h"

namespace ballast::golden {
namespace {

constexpr auto runners = std::to_array<std::pair<std::string_view, Runner>>({
    {"actor_loss", run_actor_loss},
    {"cost_loss", run_cost_loss},
    {"critic_loss", run_critic_loss},
    {"dpo_loss", run_dpo_loss},
    {"end_scores", run_end_scores},
    {"gae", run_gae},
    {"gather_log_probabilities", run_gather_log_probabilities},
    {"kl_shaping", run_kl_shaping},
    {"lambda_update", run_lambda_update},
    {"masked_mean", run_masked_mean},
    {"normalizer", run_normalizer},
    {"preference_data", run_preference_data},
    {"prompt_format", run_prompt_format},
    {"prompt_only_data", run_prompt_only_data},
    {"ptx_loss", run_ptx_loss},
    {"reward_loss", run_reward_loss},
    {"supervised_data", run_supervised_data},
});

}  // namespace

Runner find_runner(std::string_view kind) {
  const auto found = std::find_if(runners.begin(), runners.end(), [&](const auto& row) { return row.first == kind; });
  return found == runners.end() ? nullptr : found->second;
}

}  // namespace ballast::golden
