// Moves fields of one micro-batch between the ranks' batch stores.
#pragma once
#include <chrono>

#include "comm/communicator.h"
#include "workers/batch_store.h"
#include "workers/commands.h"

namespace ballast {

// Static capacity: how large a micro-batch's fields are is known before they are.
struct FieldExtent {
  std::int64_t rows = 0;
  std::int64_t max_length = 0;
};
// Not filled.
at::Tensor allocate_field(Field field, const FieldExtent& extent, c10::Device device);

// This rank's part: posts every receive and send at once, then waits for all. `world` spans all ranks; legs name its
// ranks. A leg from a rank to itself is no leg: the field already lies in the store.
void run_transfer(const Transfer& transfer, Communicator& world, BatchStore& store, std::chrono::milliseconds timeout);

}  // namespace ballast
