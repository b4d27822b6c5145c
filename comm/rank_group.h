// A named, ordered set of ranks and this rank's place in it. Passed to whoever needs it, never global.
#pragma once
#include <string>
#include <vector>

namespace ballast {

struct RankGroup {
  std::string name;        // for messages: 'world', 'actor', ...
  std::vector<int> ranks;  // world ranks, in group order
  int index = 0;           // this rank's position in `ranks`

  int size() const { return static_cast<int>(ranks.size()); }
  int world_rank() const { return ranks.at(index); }
};

}  // namespace ballast
