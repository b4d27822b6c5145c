// Which model a role of the main job starts from.
#pragma once
#include "workers/role.h"
#include "workers/worker_settings.h"

namespace ballast {

// The role whose `model` it starts from: itself where one is given; else the reference is the actor as it starts, and a
// critic starts from the reward or cost model.
Role starting_role(Role role, const WorkerSettings& settings);

// That model. Not given for a reward or cost by rule.
const ModelSource& starting_model(Role role, const WorkerSettings& settings);

}  // namespace ballast
