#!/usr/bin/env bash
# Saves models of all four families with transformers, opens and saves them with ballast, opens them again with
# transformers, and leaves the differences with commit and date in docs/evidence/transformers_round_trip.txt.
. "$(dirname "${BASH_SOURCE[0]}")/transformers.sh"

cd "$root"
ballast_build model_round_trip
mkdir -p docs/evidence
report=docs/evidence/transformers_round_trip.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F)" >"$report"
"$transformers_python" tests/evidence/transformers_round_trip.py build/release/tests/evidence/model_round_trip | tee -a "$report"
