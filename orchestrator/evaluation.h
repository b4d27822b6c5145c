// How the actor does on prompts that it does not learn from.
#pragma once
#include "orchestrator/cast_handles.h"

namespace ballast {

// Generates and scores the prompts as in training, learns nothing and leaves lambda's cost window alone. Waits for the
// result: eval/reward, eval/cost (and eval/cost_se, eval/reward_se: standard errors), eval/kl_divergence,
// eval/mean_generated_length, eval/truncated_share, means over the rows that have a response. The draws of a row are
// the same at every evaluation, so that evaluations differ by the actor alone.
StepMetrics evaluate(CastHandles& roles, const PromptBatch& held_out, CommandStream& stream, Metrics& metrics);

}  // namespace ballast
