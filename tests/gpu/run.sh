#!/usr/bin/env bash
# All that needs a GPU, in one command on a machine with one: builds the cuda preset, runs every test that is labelled gpu
# (NCCL between 2 and 4 ranks, models in 2 and 4 shards against whole ones, models and jobs against the CPU), the smoke job
# and the quick start on the device, six models of 1.1B against their plan, and the benchmarks of a Llama of 1.1B in bfloat16
# beside transformers' generate and a plain PyTorch step. Writes the figures, with date, commit and machine, between the two
# marker lines of docs/benchmarks.md; everything that it ran is in build/gpu.
#
# The variables of launch/setup.sh hold: BALLAST_TORCH=/opt/libtorch takes what is installed already. BALLAST_PEERS_PYTHON
# names a Python that has torch for CUDA and transformers; without it one is made in build/gpu/peers-venv.
export BALLAST_PRESET=cuda
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
nvidia-smi --list-gpus >/dev/null 2>&1 || fail "tests/gpu/run.sh needs a machine with an NVIDIA GPU; nvidia-smi found none"
results=build/gpu
mkdir -p "$results"
ballast_build
ballast=$build/launch/ballast
cores=$(env -u OMP_NUM_THREADS nproc)
failures=()

# attempt NAME COMMAND...: what fails is told at the end and does not hide the rest.
attempt() {
  local name=$1
  shift
  say "$name"
  if ! "$@" 2>&1 | tee "$results/$name.log"; then failures+=("$name"); fi
}

bench() {  # bench NAME VERB OPTION...
  attempt "$1" "$ballast" bench "$2" --shape llama-1.1b --dtype bfloat16 --device cuda --json "$results/$1.json" "${@:3}"
}

peers_python() {
  if [[ -z ${BALLAST_PEERS_PYTHON:-} ]]; then
    BALLAST_PEERS_PYTHON=$root/$results/peers-venv/bin/python
    [[ -x $BALLAST_PEERS_PYTHON ]] || logged "peers" python3 -m venv "$results/peers-venv"
    logged "peers" "$BALLAST_PEERS_PYTHON" -m pip install --quiet torch==2.14.1 transformers==4.57.6
  fi
  "$BALLAST_PEERS_PYTHON" "$@"
}

attempt tests ctest --preset cuda --label-regex gpu --parallel "$cores" --no-tests=error
attempt smoke "$ballast" train -c configs/smoke/ppo_lag.yaml --ranks 2 device=cuda output="$results/smoke"
attempt quickstart bash launch/quickstart.sh --quick --output "$results/quickstart" device=cuda
bench generate generate --batch 64 --prompt 256 --new 256
bench score score --batch 64 --prompt 256 --new 256
bench train train --batch 8 --prompt 512 --new 512
bench iteration iteration --batch 64 --prompt 128 --new 128 --micro-batches 4
attempt calibrate "$ballast" plan --calibrate "$results/cluster.yaml" --ranks 1 --device cuda
attempt six_models "$ballast" train -c tests/gpu/six_models.yaml --ranks 1 output="$results/six_models" \
  cluster="$results/cluster.yaml"
attempt plan_vs_actual python3 tests/evidence/plan_vs_actual.py "$results/six_models/plan_vs_actual.json"
attempt comm mpirun --oversubscribe -n 2 -x NCCL_MULTI_RANK_GPU_ENABLE=1 "$ballast" bench comm --device cuda \
  --json "$results/comm.json"
attempt kernels "$build/tests/gpu/gpu_kernel_bench"
attempt peers peers_python tests/gpu/peers.py "$results/peers.json"
attempt report python3 tests/gpu/report.py "$results" docs/benchmarks.md
if [[ ${#failures[@]} -gt 0 ]]; then fail "failed: ${failures[*]}; the logs are in $results"; fi
say "all of it worked; docs/benchmarks.md has the figures"
