// What every transport checks before it starts an operation. All throw std::invalid_argument, which names operation,
// group and rank.
#pragma once
#include <string_view>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

// `whole` is one `part` for each rank of the group.
void check_parts(std::string_view operation, const RankGroup& group, ConstBuffer whole, ConstBuffer part);

// `rank` is an index into the group.
void check_rank(std::string_view operation, const RankGroup& group, int rank);

// `members` are distinct indices into the group, at least one.
void check_members(const RankGroup& group, const std::vector<int>& members);

// The group that `split` makes: its index is -1 on a rank that is no member.
RankGroup split_group(const RankGroup& group, std::string name, const std::vector<int>& members);

// A message from this rank to itself.
struct OwnMessage {
  ConstBuffer from;
  Buffer to;
};
// Checks the peers of an exchange and takes the messages from this rank to itself off the lists.
std::vector<OwnMessage> take_own_messages(const RankGroup& group, std::vector<Send>& sends,
                                          std::vector<Receive>& receives);
// The same for buffers in CPU memory, which it carries out.
void deliver_to_self(const RankGroup& group, std::vector<Send>& sends, std::vector<Receive>& receives);

}  // namespace ballast
