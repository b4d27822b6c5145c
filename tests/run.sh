#!/usr/bin/env bash
# Sets up, builds and runs all tests; arguments go to ctest (for example: tests/run.sh -L unit). BALLAST_PRESET=cuda does it
# for NVIDIA GPUs; on a machine without one the tests that need it skip themselves. Tests that need several cores, or the
# machine for themselves, say so in CMake.
. "$(dirname "${BASH_SOURCE[0]}")/../launch/setup.sh"

cd "$root"
ballast_build
# nproc would otherwise say how many threads OpenMP may use.
cores=$(env -u OMP_NUM_THREADS nproc)
exec ctest --preset "$preset" --parallel "$cores" "$@"
