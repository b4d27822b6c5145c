// All MPI ranks of the job: start, the first exchange of small facts, the world communicator, ordered close.
// The only place, with mpi_communicator, that includes MPI.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"

namespace ballast {

class World {
 public:
  // Initialises MPI (thread support SERIALIZED) and starts the comm thread, which makes every later MPI call.
  World(int* argc, char*** argv, CommunicatorConfig config = {});
  ~World();  // closes if `close` was not called
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const;
  int size() const;
  const std::string& host() const;                 // of this rank
  Communicator& communicator();                    // over all ranks, group name 'world'
  // Start-up exchanges of a few bytes; collective, blocking, asleep while they wait.
  std::vector<std::string> all_gather(const std::string& bytes);
  std::string broadcast(std::string bytes, int root);
  // Collective: waits for all, stops the comm thread, finalises MPI.
  void close();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
