#!/usr/bin/env bash
# How fast ballast is beside transformers and ctranslate2, on the same checkpoints and all in one run; leaves the table, with
# what was asked of each row, in docs/evidence/peers.txt. Wants an idle machine for about 20 minutes.
#
#   tests/bench/peers.sh            the whole comparison
#   tests/bench/peers.sh --quick    the small shape, one turn, nothing written: a look at what moves
#
#   BALLAST_PEERS_VENV    a Python environment that has the peers already (default build/peers-venv, made when it is missing)
export BALLAST_PRESET=release
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
peers_venv=${BALLAST_PEERS_VENV:-$root/build/peers-venv}
if [[ ! -x $peers_venv/bin/python ]]; then
  say "installing transformers and ctranslate2 in $peers_venv"
  logged "python3 -m venv" python3 -m venv "$peers_venv"
  logged "pip install" "$peers_venv/bin/pip" install --disable-pip-version-check \
    --extra-index-url=https://download.pytorch.org/whl/cpu transformers==4.57.6 ctranslate2==4.8.5 torch==2.13.0
fi

# What ballast says of itself: how much of the machine it uses, and what the ranks' transport carries.
shares_of_limit() {
  local verb shape dtype
  for shape in S M; do
    for dtype in float32 bfloat16; do
      for verb in generate score train; do
        echo
        echo "ballast bench $verb --shape $shape --dtype $dtype"
        "$build/launch/ballast" bench "$verb" --shape "$shape" --dtype "$dtype" | tail -n +2
      done
    done
  done
  echo
  echo "ballast bench comm --ranks 2"
  "$build/launch/ballast" bench comm --ranks 2 | tail -n +3
}

ballast_build ballast
report=
[[ ${1:-} == --quick ]] || report=docs/evidence/peers.txt
partial=$(mktemp)
{
  echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)," \
    "load average $(cut -d ' ' -f 1 /proc/loadavg) of $(env -u OMP_NUM_THREADS nproc) cores"
  # The peers set their threads themselves; ballast's verbs have --threads.
  env -u OMP_NUM_THREADS "$peers_venv/bin/python" -B tests/bench/peers.py "$build/launch/ballast" "$@"
  [[ -z $report ]] || shares_of_limit
} | tee "$partial"
[[ -z $report ]] || cat "$partial" >"$report"
rm "$partial"
