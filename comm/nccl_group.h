// One group's NCCL side beside its MPI side, which tells of aborts and knows how far the ranks are. On the comm thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "comm/mpi_group.h"
#include "comm/nccl_library.h"

namespace ballast {

class NcclGroup {
 public:
  NcclGroup(std::shared_ptr<NcclLibrary> library, std::unique_ptr<NcclHandle> handle, std::shared_ptr<MpiGroup> control)
      : library_(std::move(library)), handle_(std::move(handle)), control_(std::move(control)) {}

  NcclLibrary& library() { return *library_; }
  NcclHandle& handle() { return *handle_; }
  MpiGroup& control() { return *control_; }

  // Throws CommunicationError when the group has been ended, here or by a peer.
  void require_alive();
  // Ends what is under way, and everything later, on this rank.
  void end(const std::string& why);
  // Operations under way.
  int in_flight = 0;

 private:
  std::shared_ptr<NcclLibrary> library_;
  std::unique_ptr<NcclHandle> handle_;
  std::shared_ptr<MpiGroup> control_;
  std::string ended_;  // why; empty: alive
};

}  // namespace ballast
