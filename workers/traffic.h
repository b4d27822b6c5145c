// The communicators of a rank, and how much its commands send through them.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "comm/counting_communicator.h"
#include "workers/commands.h"

namespace ballast {

// Of one role that this rank plays; nullptr where this rank is alone.
struct RoleGroups {
  std::unique_ptr<Communicator> replicas;  // between those that hold the same shard
  std::unique_ptr<Communicator> shards;    // of this rank's replica
};

class Traffic {
 public:
  // `world` spans all ranks and outlives this.
  Traffic(Communicator& world, std::map<Role, RoleGroups> groups);

  Communicator& world() { return world_.counting; }
  // nullptr where this rank is alone.
  Communicator* replicas(Role role);
  Communicator* shards(Role role);

  // Bytes that have left this rank since the last call, by kind (traffic_kinds); all of it was for this command.
  std::map<std::string, std::int64_t> take(const Command& command);

 private:
  struct Counted {
    explicit Counted(Communicator& inner) : counting(inner, moved) {}
    Counted(const Counted&) = delete;  // `counting` refers to `moved`
    Counted& operator=(const Counted&) = delete;
    MovedBytes moved;
    CountingCommunicator counting;
  };

  std::map<Role, RoleGroups> groups_;
  Counted world_;
  std::map<Role, Counted> replicas_;
  std::map<Role, Counted> shards_;
};

}  // namespace ballast
