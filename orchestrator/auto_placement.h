// Which ranks play which role where nobody says so.
#pragma once
#include "orchestrator/placement.h"

namespace ballast {

// Every role first gets one replica, as many ranks as it has shards. With fewer ranks than that, frozen scorers share
// first; with more, the actor gets replicas first, as many as `gradient_lanes` can be dealt to (a power of two), then
// frozen scorers. A job's only role learns, and gets as many likewise; ranks beyond them have no role. No role has more
// shards than there are ranks.
Placement auto_placement(const PlacementRequest& request);

}  // namespace ballast
