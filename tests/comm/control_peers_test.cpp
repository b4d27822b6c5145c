#include "comm/control_peers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/control_wire.h"

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

void connect(Peers& peers, int rank, int connection) {
  peers[rank].state = PeerState::live;
  peers[rank].connection = connection;
}

Message hello(nlohmann::json body) { return {.type = std::string(wire::hello), .body = std::move(body)}; }

TEST(Peers, NamesWhoIsAwaitedAndWhoIsLost) {
  Peers peers(3, 10);
  connect(peers, 0, 20);
  peers[2].state = PeerState::lost;
  peers[2].loss = "connection closed";
  EXPECT_EQ(peers.absent(), "rank 1, rank 2 (connection closed)");
}

TEST(Peers, FindsTheRankOfAClosedConnection) {
  Peers peers(3, 10);
  connect(peers, 0, 20);
  connect(peers, 2, 21);
  peers.note_closed(21);
  EXPECT_THAT(peers.take_closed(), ElementsAre(2));
}

TEST(Peers, DoesNotBlameANewConnectionThatGotTheNumberOfAClosedOne) {
  Peers peers(3, 10);
  connect(peers, 0, 20);
  peers.note_closed(20);
  connect(peers, 1, 20);
  EXPECT_THAT(peers.take_closed(), ElementsAre(0));
}

TEST(Peers, FindsAConnectionThatClosedBeforeItsHelloWasHeard) {
  Peers peers(2, 10);
  peers.note_closed(20);
  connect(peers, 1, 20);
  EXPECT_THAT(peers.take_closed(), ElementsAre(1));
}

TEST(Peers, ForgetsClosedConnectionsOfStrangers) {
  Peers peers(2, 10);
  peers.note_closed(20);
  EXPECT_THAT(peers.take_closed(), IsEmpty());
  connect(peers, 1, 20);
  EXPECT_THAT(peers.take_closed(), IsEmpty());
}

TEST(Peers, AdmitsOnlyAHelloUnderTheKeysOwnRankAndOnlyOnce) {
  Peers peers(3, 10);
  EXPECT_EQ(peers.objection(1, hello({{"rank", 1}})), "");
  EXPECT_EQ(peers.objection(1, hello({{"rank", 2}})), "the key of rank 1 came with the name of rank 2");
  EXPECT_EQ(peers.objection(1, hello({{"rank", "1"}})), "the key of rank 1 came without hello");
  EXPECT_EQ(peers.objection(1, hello(nullptr)), "the key of rank 1 came without hello");
  EXPECT_EQ(peers.objection(1, {.type = "event", .body = {{"rank", 1}}}), "the key of rank 1 came without hello");
  connect(peers, 1, 20);
  EXPECT_EQ(peers.objection(1, hello({{"rank", 1}})), "rank 1 came a second time");
}

}  // namespace
}  // namespace ballast
