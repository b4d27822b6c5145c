// Jobs that learn from given examples: sft, reward, cost.
#pragma once
#include <memory>

#include "launch/supervised_config.h"
#include "launch/training_job.h"

namespace ballast {

std::unique_ptr<TrainingJob> make_sft_job(SftConfig config);
// A reward or cost model, as the configuration's algorithm says.
std::unique_ptr<TrainingJob> make_preference_job(PreferenceConfig config);

}  // namespace ballast
