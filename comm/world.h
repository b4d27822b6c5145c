// All MPI ranks of the job: start, the first exchange of small facts, the world communicator, ordered close.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/communicator.h"
#include "comm/cuda_link.h"

namespace ballast {

class World {
 public:
  // Starts the comm thread, which makes every MPI call, and initialises MPI on it (thread support SERIALIZED). Works
  // without mpirun as well: a world of one rank. Throws CommunicationError.
  World(int* argc, char*** argv, CommunicatorConfig config = {});
  // Closes; aborts instead while an exception unwinds the stack. Never throws.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  int rank() const;
  int size() const;
  const std::string& host() const;                // of this rank
  const std::vector<std::string>& hosts() const;  // of every rank
  Communicator& communicator();                   // over all ranks, group name 'world'
  // Over all ranks, for buffers on each rank's CUDA device; collective. Throws CommunicationError, also in a build
  // without NCCL.
  std::unique_ptr<Communicator> cuda_communicator(const CudaLink& link);
  // Start-up exchanges of a few bytes; collective, blocking, asleep while they wait (at most config.blocking_timeout).
  std::vector<std::string> all_gather(const std::string& bytes);
  std::string broadcast(std::string bytes, int root);
  // Collective: waits for all, stops the comm thread, finalises MPI. When not every rank comes (within
  // config.blocking_timeout), throws CommunicationError and leaves MPI as `abort` does. A second call does nothing.
  void close();
  // Ends every operation here and on the peers with this reason, stops the comm thread and leaves MPI without
  // finalising it, which would wait for the others: the process has to end, and mpirun then ends the job.
  void abort(const std::string& reason);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ballast
