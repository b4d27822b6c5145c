#!/usr/bin/env bash
# From a fresh machine to Safe RLHF in minutes: sets up, builds, and aligns a small model that tells stories, from preference
# pairs over reward and cost model to PPO under a limit on cost, on six ranks. Arguments go to quickstart/quickstart.py;
# --help lists them.
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

cd "$root"
ballast_build ballast
exec "$venv/bin/python" launch/quickstart/quickstart.py --ballast "$build/launch/ballast" "$@"
