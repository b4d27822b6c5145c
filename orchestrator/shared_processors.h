// The devices of one node under more ranks than there are.
#pragma once
#include <cstdint>
#include <map>

namespace ballast {

// Ranks that work share the devices evenly: with n of them on c devices each has min(1, c / n) of one.
class SharedProcessors {
 public:
  explicit SharedProcessors(std::int64_t devices) : devices_(static_cast<double>(devices)) {}

  // `seconds` of work on a device of one's own, begun at `now`, which does not go back from call to call.
  void begin(int rank, double seconds, double now);
  bool idle() const { return working_.empty(); }
  // When the first rank will be done, if no other begins before.
  double next_end() const;
  // That rank, at that time.
  int end_next();

 private:
  double rate() const;
  void go_on_to(double now);

  double devices_;
  double now_ = 0.0;
  double served_ = 0.0;                 // seconds on a device that each rank has had that worked all the time
  std::multimap<double, int> working_;  // by what `served_` will be at the end
};

}  // namespace ballast
