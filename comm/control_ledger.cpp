#include "comm/control_ledger.h"

#include <fmt/format.h>

#include <string>

#include "comm/control_channel.h"

namespace ballast {
namespace {

std::uint64_t count_in(const nlohmann::json& balance, const std::string& key) {
  if (!balance.is_object() || !balance.contains(key) || !balance[key].is_number_unsigned()) {
    throw ControlError(fmt::format("the peer's balance has no count '{}'", key));
  }
  return balance[key].get<std::uint64_t>();
}

}  // namespace

std::uint64_t Ledger::next_number() const {
  if (numbered_ - acknowledged_ >= limit_) {
    throw ControlError(fmt::format("{} messages are unacknowledged, which is the limit", limit_));
  }
  return numbered_ + 1;
}

void Ledger::arrive(std::uint64_t sequence) {
  if (sequence != arrived_ + 1) {
    throw ControlError(fmt::format("sequence gap: message {} arrived after message {}", sequence, arrived_));
  }
  arrived_ = sequence;
}

bool Ledger::take() {
  ++taken_;
  // A quarter of the window: seldom enough to cost nothing, often enough that a steady sender never fills it.
  return (taken_ - told_) * 4 >= limit_;
}

nlohmann::json Ledger::balance() {
  told_ = taken_;
  return {{"sent", transmitted_}, {"taken", taken_}};
}

void Ledger::compare(const nlohmann::json& balance) {
  const auto sent = count_in(balance, "sent");
  const auto taken = count_in(balance, "taken");
  if (sent != arrived_) {
    throw ControlError(fmt::format("the peer has sent {} messages, {} have arrived", sent, arrived_));
  }
  if (taken < acknowledged_ || taken > transmitted_) {
    throw ControlError(fmt::format("the peer has taken {} messages of {} transmitted", taken, transmitted_));
  }
  acknowledged_ = taken;
}

}  // namespace ballast
