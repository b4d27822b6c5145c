#include "comm/control_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "comm/control_channel.h"

namespace ballast {
namespace {

using testing::ThrowsMessage;

nlohmann::json balance(std::uint64_t sent, std::uint64_t taken) { return {{"sent", sent}, {"taken", taken}}; }

void send_one(Ledger& ledger) {
  ledger.next_number();
  ledger.number();
  ledger.transmit();
}

TEST(Ledger, NumbersFromOne) {
  Ledger ledger(10);
  EXPECT_EQ(ledger.next_number(), 1);
  ledger.number();
  EXPECT_EQ(ledger.next_number(), 2);
}

TEST(Ledger, RefusesANumberWhenTheWindowIsFullUntilThePeerHasTaken) {
  Ledger ledger(2);
  send_one(ledger);
  send_one(ledger);
  EXPECT_THROW(ledger.next_number(), ControlError);
  ledger.compare(balance(0, 1));
  EXPECT_EQ(ledger.next_number(), 3);
}

TEST(Ledger, AGapARepetitionAndAWrongStartAreErrors) {
  Ledger ledger(10);
  EXPECT_THAT([&] { ledger.arrive(2); },
              ThrowsMessage<ControlError>("sequence gap: message 2 arrived after message 0"));
  ledger.arrive(1);
  EXPECT_THROW(ledger.arrive(1), ControlError);
  EXPECT_THROW(ledger.arrive(3), ControlError);
  EXPECT_NO_THROW(ledger.arrive(2));
}

TEST(Ledger, ALastMessageThatNeverArrivedIsFoundInTheBalance) {
  Ledger ledger(10);
  ledger.arrive(1);
  EXPECT_NO_THROW(ledger.compare(balance(1, 0)));
  EXPECT_THAT([&] { ledger.compare(balance(2, 0)); },
              ThrowsMessage<ControlError>("the peer has sent 2 messages, 1 have arrived"));
}

TEST(Ledger, APeerCannotTakeWhatWasNotSentNorGiveBack) {
  Ledger ledger(10);
  send_one(ledger);
  EXPECT_THROW(ledger.compare(balance(0, 2)), ControlError);
  ledger.compare(balance(0, 1));
  EXPECT_THROW(ledger.compare(balance(0, 0)), ControlError);
}

TEST(Ledger, ABalanceMustHaveBothCounts) {
  Ledger ledger(10);
  EXPECT_THROW(ledger.compare(nullptr), ControlError);
  EXPECT_THROW(ledger.compare({{"sent", 0}}), ControlError);
  EXPECT_THROW(ledger.compare({{"sent", 0U}, {"taken", "0"}}), ControlError);
  EXPECT_THROW(ledger.compare({{"sent", -1}, {"taken", 0U}}), ControlError);
}

TEST(Ledger, AsksToTellThePeerOnceAQuarterOfTheWindow) {
  Ledger ledger(8);
  EXPECT_FALSE(ledger.take());
  EXPECT_TRUE(ledger.take());
  EXPECT_EQ(ledger.balance(), balance(0, 2));
  EXPECT_FALSE(ledger.take());
}

}  // namespace
}  // namespace ballast
