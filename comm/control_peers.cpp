#include "comm/control_peers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "comm/control_wire.h"

namespace ballast {

std::vector<int> Peers::in(PeerState state) const {
  std::vector<int> ranks;
  for (int rank = 0; rank < size(); ++rank) {
    if ((*this)[rank].state == state) ranks.push_back(rank);
  }
  return ranks;
}

std::string Peers::absent() const {
  std::vector<std::string> names;
  for (int rank = 0; rank < size(); ++rank) {
    const Peer& peer = (*this)[rank];
    if (peer.state == PeerState::awaited) names.push_back(fmt::format("rank {}", rank));
    if (peer.state == PeerState::lost) names.push_back(fmt::format("rank {} ({})", rank, peer.loss));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string Peers::objection(int rank, const Message& hello) const {
  const auto& body = hello.body;
  const bool introduced = hello.type == wire::hello && body.is_object() && body.contains("rank");
  if (!introduced || !body["rank"].is_number_integer())
    return fmt::format("the key of rank {} came without hello", rank);
  if (body["rank"] != rank) {
    return fmt::format("the key of rank {} came with the name of rank {}", rank, body["rank"].get<std::int64_t>());
  }
  if ((*this)[rank].state != PeerState::awaited) return fmt::format("rank {} came a second time", rank);
  return {};
}

void Peers::note_closed(int connection) {
  const auto peer = std::ranges::find(peers_, connection, &Peer::connection);
  if (peer == peers_.end()) {
    closed_before_hello_.push_back(connection);
  } else {
    peer->connection_closed = true;
    peer->connection = -1;
  }
}

std::vector<int> Peers::take_closed() {
  std::vector<int> closed;
  for (const int rank : in(PeerState::live)) {
    const Peer& peer = (*this)[rank];
    const bool early = std::ranges::count(closed_before_hello_, peer.connection) > 0;
    if (peer.connection_closed || early) closed.push_back(rank);
  }
  closed_before_hello_.clear();
  return closed;
}

}  // namespace ballast
