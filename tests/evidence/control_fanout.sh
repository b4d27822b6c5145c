#!/usr/bin/env bash
# What the control channel does with 8 to 1,024 peers on this machine; leaves it with commit, processor, date and load in
# docs/evidence/control_fanout.txt. Wants an idle machine.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
ballast_build control_fanout
report=docs/evidence/control_fanout.txt
socket=$(mktemp -u /tmp/ballast_fanout.XXXXXX)
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
  "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(env -u OMP_NUM_THREADS nproc) cores" >"$report"
for bind in "tcp://127.0.0.1:*" "ipc://$socket"; do
  for peers in 8 64 256 1024; do
    echo
    echo "$peers peers, ${bind%%:*}"
    build/release/tests/evidence/control_fanout "$peers" 4 200 "$bind"
  done
done | tee -a "$report"
