#include "comm/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "comm/completion.h"
#include "comm/reduction.h"

namespace ballast {
namespace {

[[noreturn]] void refuse(std::string_view operation, const RankGroup& group, const std::string& why) {
  throw std::invalid_argument(operation_label(operation, group) + ": " + why);
}

}  // namespace

void check_parts(std::string_view operation, const RankGroup& group, ConstBuffer whole, ConstBuffer part) {
  if (whole.dtype != part.dtype) refuse(operation, group, "the two buffers differ in dtype");
  if (whole.count != part.count * group.size()) {
    refuse(operation, group,
           fmt::format("{} elements for {} ranks with {} each", whole.count, group.size(), part.count));
  }
}

void check_rank(std::string_view operation, const RankGroup& group, int rank) {
  if (rank < 0 || rank >= group.size()) refuse(operation, group, fmt::format("there is no rank {}", rank));
}

void check_members(const RankGroup& group, const std::vector<int>& members) {
  if (members.empty()) refuse("split", group, "no members");
  for (const int member : members) {
    check_rank("split", group, member);
    if (std::ranges::count(members, member) > 1) refuse("split", group, fmt::format("rank {} is given twice", member));
  }
}

RankGroup split_group(const RankGroup& group, std::string name, const std::vector<int>& members) {
  RankGroup result{.name = std::move(name), .ranks = {}, .index = -1};
  for (const int member : members) {
    if (member == group.index) result.index = result.size();
    result.ranks.push_back(group.ranks.at(member));
  }
  return result;
}

std::vector<OwnMessage> take_own_messages(const RankGroup& group, std::vector<Send>& sends,
                                          std::vector<Receive>& receives) {
  for (const Send& send : sends) check_rank("exchange", group, send.to);
  for (const Receive& receive : receives) check_rank("exchange", group, receive.from);
  const auto own_send = [&](const Send& send) { return send.to == group.index; };
  const auto own_receive = [&](const Receive& receive) { return receive.from == group.index; };
  if (std::ranges::count_if(sends, own_send) != std::ranges::count_if(receives, own_receive)) {
    refuse("exchange", group, "a message to this rank itself must be received in the same exchange");
  }
  std::vector<OwnMessage> own;
  auto receive = receives.begin();
  for (const Send& send : sends) {
    if (!own_send(send)) continue;
    receive = std::find_if(receive, receives.end(), own_receive);
    if (send.buffer.count != receive->buffer.count || send.buffer.dtype != receive->buffer.dtype) {
      refuse("exchange", group, "a message to this rank itself differs in count or dtype from its receive");
    }
    own.push_back({send.buffer, receive->buffer});
    ++receive;
  }
  std::erase_if(sends, own_send);
  std::erase_if(receives, own_receive);
  return own;
}

void deliver_to_self(const RankGroup& group, std::vector<Send>& sends, std::vector<Receive>& receives) {
  for (const auto& [from, to] : take_own_messages(group, sends, receives)) copy(from, to);
}

}  // namespace ballast
