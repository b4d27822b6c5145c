// Where the time of an iteration goes, and what it moves.
#pragma once
#include "orchestrator/metrics.h"
#include "orchestrator/timeline.h"
#include "workers/role.h"

namespace ballast {

// T: seconds of the part on the wall; R: the ranks that play a role.
//   time/iteration   T
//   time/PHASE       for each of iteration_phases: the longest that a rank spent on such commands; phases overlap, on
//                    different ranks
//   share/PHASE      sum over R of the time on such commands, over |R| T; and share/idle. They add up to 1, but for
//                    commands that are of no phase
//   idle/ROLE        time that the role's ranks had nothing to do, over T; mean over its replicas
//   store_bytes_peak largest batch store of a rank
//   bytes/KIND       what left all ranks, for each of traffic_kinds but saving, which is no iteration's
StepMetrics phase_times(const TimelinePart& part, const Placement& placement);

}  // namespace ballast
