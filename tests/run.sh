#!/usr/bin/env bash
# Sets up, builds and runs all tests; arguments go to ctest (for example: tests/run.sh -L unit). Tests that need several
# cores, or the machine for themselves, say so in CMake.
. "$(dirname "${BASH_SOURCE[0]}")/../launch/setup.sh"

cd "$root"
ballast_build
# nproc would otherwise say how many threads OpenMP may use.
cores=$(env -u OMP_NUM_THREADS nproc)
exec ctest --preset release --parallel "$cores" "$@"
