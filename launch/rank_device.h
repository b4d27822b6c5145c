// What the ranks of a job compute on, and how tensors travel between them there.
#pragma once
#include <c10/core/Device.h>

#include <memory>

#include "comm/world.h"
#include "workers/device_choice.h"

namespace ballast {

// This rank's device; collective, all ranks compute with CUDA or none. Throws UserError, on all ranks alike.
c10::Device device_of_rank(DeviceChoice choice, World& world);

// Over all ranks, for buffers on their CUDA devices; collective. Nothing where CPU memory travels, for which the
// world's own communicator is, or where there is one rank. Throws CommunicationError.
std::unique_ptr<Communicator> communicator_between_devices(World& world, c10::Device device);

}  // namespace ballast
