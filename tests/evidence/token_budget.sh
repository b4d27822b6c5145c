#!/usr/bin/env bash
# What cutting micro-batches by tokens gains over cutting them by rows, on lengths from 16 to 512; leaves the table with
# commit, processor and date in docs/evidence/token_budget.txt.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
ballast_build ballast
mkdir -p docs/evidence
report=docs/evidence/token_budget.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(nproc) cores" >"$report"
python3 tests/evidence/token_budget.py build/release/launch/ballast | tee -a "$report"
