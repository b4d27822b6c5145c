// One process of a training job from MPI start to end: on every rank a worker, on rank 0 also the orchestrator, in a
// thread of its own.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "comm/control_channel.h"
#include "comm/world.h"
#include "launch/failure_report.h"
#include "orchestrator/command_stream.h"
#include "workers/control_inbox.h"
#include "workers/worker.h"

namespace ballast {

class Session {
 public:
  struct Parts {
    World& world;
    Placement placement;
    WorkerSettings workers;
    StreamConfig stream;
    FailureReport& failure;
    c10::Device device = c10::kCPU;  // on which the worker computes
    std::int64_t threads = 1;        // that compute, of this rank
    std::string control_address;     // interface or address of rank 0, where the orchestrator listens; empty: all
  };
  // Throws ControlError on a rank that finds no way to the orchestrator.
  explicit Session(Parts parts);
  ~Session();

  // Runs `orchestrate` on rank 0 and the worker everywhere; returns the exit code. An internal failure does not return:
  // the process says what happened and ends, mpirun then ends the others.
  int run(const std::function<void(CommandStream&)>& orchestrate);

  // 'rank 2 (node07, reward)' and the command it works on: for last words, from any thread.
  std::string where() const;

 private:
  void wait_for_orchestrator();
  int orchestrate(const std::function<void(CommandStream&)>& job);
  [[noreturn]] void end_at_once();
  void work();
  void orchestrator_lost(const std::string& reason);
  std::map<Role, RoleGroups> role_groups(Communicator& all);

  Parts parts_;
  std::unique_ptr<ControlServer> server_;  // rank 0
  std::unique_ptr<ControlClient> client_;
  std::unique_ptr<ControlInbox> inbox_;
  std::unique_ptr<Communicator> between_devices_;  // GPUs; without them tensors go through the world's own
};

}  // namespace ballast
