#!/usr/bin/env bash
# Tokens/s of `ballast generate` and of transformers' generate on the same checkpoints with one thread, into
# docs/evidence/generation_speed.txt. BALLAST_TRANSFORMERS: as in transformers_round_trip.sh. Arguments are further model
# folders. Wants an idle machine.
. "$(dirname "${BASH_SOURCE[0]}")/transformers.sh"

cd "$root"
ballast_build ballast
mkdir -p docs/evidence
report=docs/evidence/generation_speed.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(env -u OMP_NUM_THREADS nproc) cores" >"$report"
OMP_NUM_THREADS=1 "$transformers_python" tests/evidence/generation_speed.py build/release/launch/ballast "$@" | tee -a "$report"
