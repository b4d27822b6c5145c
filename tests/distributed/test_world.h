// The World of a test program that runs under mpirun; made by main in mpi_main.cpp.
#pragma once
#include "comm/world.h"

namespace ballast {

World& test_world();

}  // namespace ballast
