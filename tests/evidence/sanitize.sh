#!/usr/bin/env bash
# Builds everything with AddressSanitizer and UndefinedBehaviorSanitizer, runs the tests, and leaves the summary with commit
# and date in docs/evidence/sanitize.txt. Takes about half an hour on two cores.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
# Leaks of the MPI and LibTorch wheels are not ours to mend; everything else counts.
export ASAN_OPTIONS=detect_leaks=0
cmake --preset sanitize -DBALLAST_VENV="$venv"
cmake --build --preset sanitize
mkdir -p docs/evidence
report=docs/evidence/sanitize.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), AddressSanitizer and UndefinedBehaviorSanitizer" >"$report"
ctest --preset sanitize --timeout 600 -LE distributed | tee build/sanitize.log || true
sed -n '/tests passed/,$p' build/sanitize.log >>"$report"
cat "$report"
