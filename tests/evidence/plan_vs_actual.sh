#!/usr/bin/env bash
# Does a run need what was planned? Measures this machine (`ballast plan --calibrate`), trains six models of shape S on one
# rank and on six, in float32, and prints planned and measured peak memory of each rank and time of each phase from
# plan_vs_actual.json. Target: memory within 5 %, iterations within 20 %, on a machine that does nothing else.
#   tests/evidence/plan_vs_actual.sh [FOLDER]      default: build/plan_vs_actual
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ballast=${BALLAST:-build/release/launch/ballast}
folder=${1:-build/plan_vs_actual}
mkdir -p "$folder"
export OMP_NUM_THREADS=1

cat > "$folder/job.yaml" <<'YAML'
algorithm: ppo_lag
iterations: 4
seed: 1
actor:
  model: {random: {hidden: 256, intermediate: 1024, layers: 4, heads: 4, kv_heads: 4, vocab: 8192, max_length: 192}, seed: 1}
reward:
  model: {random: {hidden: 256, intermediate: 1024, layers: 4, heads: 4, kv_heads: 4, vocab: 8192, max_length: 192}, seed: 2}
cost:
  model: {random: {hidden: 256, intermediate: 1024, layers: 4, heads: 4, kv_heads: 4, vocab: 8192, max_length: 192}, seed: 3}
prompts:
  random: {min_length: 64, max_length: 64, vocab: 8192}
sampling: {min_new_tokens: 128}
batch: {rollout: 64, mini_batch: 32, micro_batch: 16, max_length: 192}
YAML

cores=$(nproc)
"$ballast" plan --calibrate "$folder/cluster.yaml" --ranks "$cores"
cat "$folder/cluster.yaml"
for ranks in 1 6; do
  "$ballast" train -c "$folder/job.yaml" --ranks "$ranks" output="$folder/run_$ranks" cluster="$folder/cluster.yaml"
  python3 tests/evidence/plan_vs_actual.py "$folder/run_$ranks/plan_vs_actual.json"
done
