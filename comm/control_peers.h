// The ranks as the orchestrator's end of the control channel knows them. No sockets, no threads: the owner serialises
// calls.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "comm/control_end.h"

namespace ballast {

enum class PeerState : std::uint8_t { awaited, live, lost, gone };  // gone: left after the end was announced

struct Peer {
  explicit Peer(std::int64_t unacknowledged_limit) : ledger(unacknowledged_limit) {}
  Ledger ledger;
  PeerState state = PeerState::awaited;
  std::string loss;        // why, when lost
  std::string routing_id;  // of its connection
  int connection = -1;     // its number while it is open
  bool connection_closed = false;
  ControlClock::time_point last_heard;
};

class Peers {
 public:
  Peers(std::size_t ranks, std::int64_t unacknowledged_limit) : peers_(ranks, Peer(unacknowledged_limit)) {}

  Peer& operator[](int rank) { return peers_.at(static_cast<std::size_t>(rank)); }
  const Peer& operator[](int rank) const { return peers_.at(static_cast<std::size_t>(rank)); }
  int size() const { return static_cast<int>(peers_.size()); }

  std::vector<int> in(PeerState state) const;
  // 'rank 1, rank 3 (connection closed)': who is awaited or lost; empty when nobody is.
  std::string absent() const;
  // Why the connection that has proved the key of `rank` and introduces itself by `hello` is not admitted; else empty.
  std::string objection(int rank, const Message& hello) const;

  // To be told at once, because a new connection may get the same number.
  void note_closed(int connection);
  // The live ranks whose connections have closed. Asked when all that the connections brought has been heard.
  std::vector<int> take_closed();

 private:
  std::vector<Peer> peers_;               // by rank
  std::vector<int> closed_before_hello_;  // connections that closed before their hello was heard
};

}  // namespace ballast
