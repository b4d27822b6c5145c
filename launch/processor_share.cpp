#include "launch/processor_share.h"

#include <sched.h>

namespace ballast {

bool keep_to_own_processors(const HostShare& share) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  if (CPU_COUNT(&allowed) != share.ranks * share.threads) return false;
  cpu_set_t own;
  CPU_ZERO(&own);
  int place = 0;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    if (place / share.threads == share.index) CPU_SET(processor, &own);
    ++place;
  }
  return sched_setaffinity(0, sizeof own, &own) == 0;
}

}  // namespace ballast
