#!/usr/bin/env bash
# Tokens/s of `ballast generate` and of transformers' generate on the same checkpoints with one thread, into
# docs/evidence/generation_speed.txt. PYTHON names a Python that has torch and transformers; arguments are further model folders.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
mkdir -p docs/evidence
report=docs/evidence/generation_speed.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(lscpu | sed -n 's/^Model name: *//p')" >"$report"
"${PYTHON:-python3}" tests/evidence/generation_speed.py build/release/launch/ballast "$@" | tee -a "$report"
