#!/usr/bin/env bash
# What generating one step ahead gains on six ranks; leaves the table with commit, processor and date in
# docs/evidence/one_step_ahead.txt.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
ballast_build ballast
mkdir -p docs/evidence
report=docs/evidence/one_step_ahead.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(nproc) cores" >"$report"
python3 tests/evidence/one_step_ahead.py build/release/launch/ballast | tee -a "$report"
