// A communicator for buffers in CPU memory over one for buffers on a CUDA device: operations work on copies there,
// which come back when they are waited for. So the suites of tests/comm run over NCCL as they are.
#pragma once
#include <memory>

#include "comm/communicator.h"

namespace ballast {

// Whether this machine has a CUDA device.
bool has_cuda_device();

// Ranks take the machine's devices in turn.
void choose_cuda_device(int rank);
int cuda_device_count();

std::unique_ptr<Communicator> stage_on_device(std::unique_ptr<Communicator> on_device);

}  // namespace ballast
