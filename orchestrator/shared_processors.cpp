#include "orchestrator/shared_processors.h"

#include <algorithm>

namespace ballast {

double SharedProcessors::rate() const { return std::min(1.0, devices_ / static_cast<double>(working_.size())); }

void SharedProcessors::go_on_to(double now) {
  if (!idle()) served_ += (now - now_) * rate();
  now_ = now;
}

void SharedProcessors::begin(int rank, double seconds, double now) {
  go_on_to(now);
  working_.emplace(served_ + seconds, rank);
}

double SharedProcessors::next_end() const { return now_ + (working_.begin()->first - served_) / rate(); }

int SharedProcessors::end_next() {
  const auto first = working_.begin();
  const int rank = first->second;
  now_ = next_end();
  served_ = first->first;
  working_.erase(first);
  return rank;
}

}  // namespace ballast
