#include "orchestrator/clock_offset.h"

namespace ballast {

double clock_offset(const RoundTrip& trip) {
  const double least = trip.ordered - trip.started;
  const double most = trip.heard - trip.started;
  return least <= 0.0 && most >= 0.0 ? 0.0 : (least + most) / 2.0;
}

}  // namespace ballast
