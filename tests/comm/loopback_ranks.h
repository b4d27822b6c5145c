// Runs a function on each rank of a LoopbackWorld, one thread for each.
#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "comm/loopback_communicator.h"

namespace ballast {

inline void on_loopback_ranks(int size, const std::function<void(Communicator&)>& function) {
  LoopbackWorld world(size);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      const auto communicator = world.communicator(rank);
      try {
        function(*communicator);
      } catch (const std::exception& error) {
        ADD_FAILURE() << "rank " << rank << ": " << error.what();
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace ballast
