// Which processors a rank's threads run on.
#pragma once

namespace ballast {

// The ranks of this host, in order.
struct HostShare {
  int index = 0;  // of this rank among them
  int ranks = 1;
  int threads = 1;  // of each
};

// Keeps the calling thread, and those that it starts from now on, to this rank's processors. Only where the threads of
// all ranks are as many as the processors that we may use: a launcher that has bound ranks is left alone, and fewer
// threads than processors must be free to avoid whoever else is there. Returns whether it did.
bool keep_to_own_processors(const HostShare& share);

}  // namespace ballast
