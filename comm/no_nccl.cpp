// Builds for CPUs.
#include "comm/nccl_library.h"

namespace ballast {

std::shared_ptr<NcclLibrary> open_nccl(const CudaLink&) {
  throw CommunicationError("this program was built for CPUs, without NCCL; ranks talk over MPI");
}

}  // namespace ballast
