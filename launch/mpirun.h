// Starts this program again under mpirun, so that Ctrl-C can be kept from mpirun.
#pragma once
#include <string>
#include <vector>

namespace ballast {

// Runs `mpirun -n RANKS COMMAND_LINE...` and returns its exit code. mpirun would answer Ctrl-C by killing the ranks
// within half a second; here it gets a process group of its own, which the terminal does not signal, and this process
// makes of the first SIGINT or SIGTERM a SIGUSR1, which mpirun passes on to the ranks, and of the second a SIGTERM. If
// this process dies, mpirun is told to end. Throws std::system_error when it cannot be started.
int run_under_mpirun(int ranks, std::vector<std::string> command_line);

}  // namespace ballast
