// How one role can be laid out on some ranks, and what it costs there.
#pragma once
#include <map>
#include <optional>
#include <tuple>

#include "orchestrator/candidates.h"

namespace ballast {

// One role on some ranks: its layout, the seconds for a rollout's answers (generation or scores) and for learning from
// it, of the replica with most to do, and the bytes that weights, gradients and optimizer state take at least.
struct RolePart {
  Role role = Role::Actor;
  int shards = 1;
  int replicas = 1;
  double answers_s = 0.0;
  double learning_s = 0.0;
  double bytes = 0.0;
};

// How all roles are laid out.
struct PartVariant {
  bool zero = false;
  bool checkpointing = false;
  int spread = 1;  // times as many shards at least as the role's own model needs
};

class RoleParts {
 public:
  RoleParts(const CandidateRequest& request, const Cluster& cluster);

  // Bytes that a rank has.
  double memory() const { return memory_; }
  // The fastest layout of the role on at most so many ranks; nothing where its model does not fit there.
  std::optional<RolePart> best(Role role, int ranks, const PartVariant& variant);

 private:
  std::optional<RolePart> find_best(Role role, int ranks, const PartVariant& variant) const;
  RolePart part_of(Role role, int shards, int ranks, const PartVariant& variant) const;
  int replicas_of(Role role, int room) const;
  void add_times(RolePart& part, const PartVariant& variant) const;
  double bytes_of(const RolePart& part, const PartVariant& variant) const;

  const CandidateRequest& request_;
  const Cluster& cluster_;
  double memory_;
  std::map<std::tuple<Role, int, bool, bool, int>, std::optional<RolePart>> found_;
};

}  // namespace ballast
