// The control channel's own messages, beside those of its users. All but `refused` carry the sender's balance
// (comm/control_ledger.h); they are not numbered.
#pragma once
#include <string_view>

namespace ballast::wire {

inline constexpr std::string_view prefix = "channel.";  // no user's message type begins with it

inline constexpr std::string_view hello = "channel.hello";          // rank -> orchestrator, first; {"rank"}
inline constexpr std::string_view welcome = "channel.welcome";      // the answer
inline constexpr std::string_view refused = "channel.refused";      // the other answer; {"reason"}
inline constexpr std::string_view heartbeat = "channel.heartbeat";  // both ways
inline constexpr std::string_view close = "channel.close";          // orchestrator -> rank: the end
inline constexpr std::string_view goodbye = "channel.goodbye";      // the answer, the rank's last message

}  // namespace ballast::wire
