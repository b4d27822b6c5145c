// Who sends what to whom when a micro-batch goes from one role to another, whatever their layouts.
#pragma once
#include <string>
#include <vector>

#include "workers/commands.h"

namespace ballast {

// Fields that each of the `holders` has and each of the `receivers` needs: the shards of the replicas that the
// micro-batch belongs to, as world ranks. They may overlap.
struct Delivery {
  std::vector<Field> fields;
  std::vector<int> holders;
  std::vector<int> receivers;
};

// The point-to-point copies of one micro-batch, in one order for all ranks. Every receiver gets each field exactly once
// and from a rank that holds it; a receiver that is a holder has it already, and two deliveries of a field to one rank
// are one. Receivers are dealt to the holder that has sent least so far, so that shards send side by side (0 to 0, 1 to
// 1, ...) and none of them is a funnel; among equals to one on the receiver's host (`hosts`, by rank).
std::vector<Leg> derive_legs(const std::vector<Delivery>& deliveries, const std::vector<std::string>& hosts);

}  // namespace ballast
