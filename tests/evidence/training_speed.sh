#!/usr/bin/env bash
# How fast we train next to transformers, on one and two threads; leaves the table with commit, processor and date in
# docs/evidence/training_speed.txt. BALLAST_TRANSFORMERS: as in transformers_round_trip.sh.
. "$(dirname "${BASH_SOURCE[0]}")/transformers.sh"

cd "$root"
ballast_build training_speed
mkdir -p docs/evidence
report=docs/evidence/training_speed.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(env -u OMP_NUM_THREADS nproc) cores" >"$report"
for threads in 1 2; do
  OMP_NUM_THREADS=$threads "$transformers_python" tests/evidence/training_speed.py build/release/tests/evidence/training_speed "$threads"
done | tee -a "$report"
