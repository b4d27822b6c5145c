// A job that ends as its argument says; run by world_exit_test. Prints what each rank's last communication said.
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <string_view>
#include <thread>

#include "comm/world.h"

namespace ballast {
namespace {

using namespace std::chrono_literals;

void say(int rank, std::string_view what) {
  fmt::print("rank {}: {}\n", rank, what);
  std::fflush(stdout);
}

int wait_for_the_others(World& world) {
  try {
    world.communicator().barrier().wait(20s);
    say(world.rank(), "no error");
    return 0;
  } catch (const CommunicationError& error) {
    say(world.rank(), error.what());
    std::this_thread::sleep_for(1s);  // mpirun kills the others once this rank is gone: let them speak first
    world.abort("follows another rank's error");
    return 3;
  }
}

int leave_by_exception(int* argc, char*** argv) {
  World world(argc, argv);
  if (world.rank() == 1) throw std::runtime_error("the cat ate it");
  return wait_for_the_others(world);
}

int be_killed(int* argc, char*** argv) {
  World world(argc, argv);
  world.communicator().barrier().wait(20s);
  if (world.rank() == 1) raise(SIGKILL);
  return wait_for_the_others(world);
}

int miss_the_close(int* argc, char*** argv) {
  World world(argc, argv, {.blocking_timeout = 500ms});
  if (world.rank() == 1) std::this_thread::sleep_for(5s);
  try {
    world.close();
  } catch (const CommunicationError& error) {
    say(world.rank(), error.what());
    return 3;
  }
  return 0;
}

int use_after_close(int* argc, char*** argv) {
  World world(argc, argv);
  world.close();
  world.close();
  return wait_for_the_others(world) == 3 ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string_view how = argv[1];
  if (how == "leave_by_exception") return leave_by_exception(&argc, &argv);
  if (how == "be_killed") return be_killed(&argc, &argv);
  if (how == "miss_the_close") return miss_the_close(&argc, &argv);
  if (how == "use_after_close") return use_after_close(&argc, &argv);
  return 1;
}

}  // namespace
}  // namespace ballast

int main(int argc, char** argv) {
  try {
    return ballast::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print("main: {}\n", error.what());
    return 2;
  }
}
