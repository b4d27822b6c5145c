#!/usr/bin/env bash
# How an iteration grows from 8 to 16,384 ranks, by `ballast plan`, into docs/evidence/scaling.txt: time, tokens, the
# orchestrator's time for messages, idle share, bytes; and how long planning takes, with equal ranks as one class and with
# every rank simulated. Arguments are other numbers of ranks, multiples of eight. Takes a minute or two.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
ballast_build ballast
mkdir -p docs/evidence
report=docs/evidence/scaling.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(env -u OMP_NUM_THREADS nproc) cores" >"$report"
python3 tests/evidence/scaling.py build/release/launch/ballast "$@" | tee -a "$report"
