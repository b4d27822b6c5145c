# Sourced by the comparisons with transformers: sets `transformers_python`, a Python that has it. Needs the network once;
# BALLAST_TRANSFORMERS names a Python that has it already.
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

transformers_python=${BALLAST_TRANSFORMERS:-$root/build/transformers/bin/python}
if [[ ! -x $transformers_python ]]; then
  say "installing transformers in build/transformers"
  logged "python3 -m venv" python3 -m venv "$root/build/transformers"
  logged "pip install" "$root/build/transformers/bin/pip" install --disable-pip-version-check \
    --extra-index-url=https://download.pytorch.org/whl/cpu transformers==4.57.6 safetensors "$torch"
fi
