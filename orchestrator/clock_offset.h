// The clocks of other hosts, by the orchestrator's.
#pragma once

namespace ballast {

// A rank's first command, in seconds.
struct RoundTrip {
  double ordered = 0.0;  // on our clock: the command left
  double started = 0.0;  // on the rank's clock: it began to work on the command
  double heard = 0.0;    // on our clock: that was heard
};

// What to add to the rank's clock for ours. 0 where the round trip allows it: the rank then reads the same clock, that
// of our host. Else as in NTP (RFC 5905) the middle of what is possible, wrong by half the round trip at most.
double clock_offset(const RoundTrip& trip);

}  // namespace ballast
