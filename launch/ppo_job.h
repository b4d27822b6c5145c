// The main job: Safe RLHF by PPO-Lagrangian, or plain PPO.
#pragma once
#include <memory>

#include "launch/train_config.h"
#include "launch/training_job.h"

namespace ballast {

std::unique_ptr<TrainingJob> make_ppo_job(TrainConfig config);

}  // namespace ballast
