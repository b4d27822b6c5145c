// Ranks as threads of one process, for tests. Nothing is buffered: a send is done when it has been received, so that a
// deadlock under rendezvous shows. An operation is carried out by the last rank that arrives; there is no other thread.
#pragma once
#include <memory>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

class LoopbackGroup;

class LoopbackWorld {
 public:
  explicit LoopbackWorld(int size);

  // For the thread that plays this rank; once for each rank. Group name 'world'. May outlive the LoopbackWorld. Its
  // split does not wait for the others. Ranks that disagree about an operation all receive a CommunicationError that
  // says what each of two ranks called.
  std::unique_ptr<Communicator> communicator(int rank);

 private:
  std::shared_ptr<LoopbackGroup> group_;
};

}  // namespace ballast
