#include "launch/rank_device.h"

#include <algorithm>

#include "launch/environment.h"
#include "workers/device.h"
#include "workers/model/kernel_stream.h"

namespace ballast {

c10::Device device_of_rank(DeviceChoice choice, World& world) {
  if (!use_cuda(choice, world.all_gather(cuda_obstacle()), world.hosts())) return c10::kCPU;
  if (std::ranges::count(world.hosts(), world.host()) > cuda_devices()) let_ranks_share_a_gpu();
  return cuda_device_of(local_rank(world.rank(), world.hosts()));
}

std::unique_ptr<Communicator> communicator_between_devices(World& world, c10::Device device) {
  if (!device.is_cuda() || world.size() == 1) return nullptr;
  return world.cuda_communicator(
      {.device = device.index(), .compute_stream = [device] { return kernel_stream(device).handle; }});
}

}  // namespace ballast
