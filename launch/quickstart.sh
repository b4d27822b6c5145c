#!/usr/bin/env bash
# From a fresh machine to a first run: sets up, builds, and trains a tiny random model for a few iterations with
# PPO-Lagrangian on six ranks, one for each role.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

cd "$root"
ballast_build ballast
exec mpirun -n 6 "$build/launch/ballast" train -c configs/smoke/ppo_lag.yaml
