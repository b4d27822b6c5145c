#!/usr/bin/env bash
# Sets up, builds and runs all tests; arguments go to ctest (for example: tests/run.sh -L unit). Tests that need several
# cores, or the machine for themselves, say so in CMake.
. "$(dirname "${BASH_SOURCE[0]}")/../launch/setup.sh"

cd "$root"
ballast_build
exec ctest --preset release --parallel "$(nproc)" "$@"
