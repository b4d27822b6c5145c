// The clusters that a plan can be asked for.
#pragma once
#include <string>

#include "orchestrator/cluster.h"

namespace ballast {

// By name: '16x8xH100' (nodes, devices of a node, device), '8xH100' (one node), 'h100' (one node of eight), in upper or
// lower case; or a YAML file ('*.yaml') that says what differs from one node of eight H100. Throws UserError.
Cluster find_cluster(const std::string& name);

}  // namespace ballast
