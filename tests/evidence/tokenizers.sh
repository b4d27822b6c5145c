#!/usr/bin/env bash
# Compares our tokenizers with Hugging Face's on random texts, the committed ones and those in ../shared/data where it is, and
# leaves the summary with commit and date in docs/evidence/tokenizers.txt. Installs Hugging Face's libraries in
# build/tokenizers-venv. Takes a few minutes.
#
#   tokenizers.sh [TEXTS]    how many texts for each tokenizer (default 10000)
. "$(dirname "${BASH_SOURCE[0]}")/../../launch/setup.sh"

cd "$root"
texts=${1:-10000}
python=build/tokenizers-venv/bin/python
versions="transformers==4.57.6 tokenizers==0.22.2 sentencepiece==0.2.3 protobuf==7.36.2"
if [[ ! -x $python ]]; then
  python3 -m venv build/tokenizers-venv
  # shellcheck disable=SC2086  # one word for each library
  "$python" -m pip install --quiet $versions
fi
ballast_build tokenizer_probe

folders=()
for config in tests/workers/data/tokenizer_golden/*/cases.json; do
  folders+=("$(dirname "$config")")
done
data=../shared/data
if [[ -d $data ]]; then
  folders+=("$data/models/stories260K-hf" "$data/tokenizers/mistral" "$data/tokenizers/qwen2")
  # Its files do not say of which class they are.
  gpt2=$(mktemp -d)/gpt2-released
  trap 'rm -rf "$(dirname "$gpt2")"' EXIT
  cp -r "$data/tokenizers/gpt2" "$gpt2"
  echo '{"tokenizer_class": "GPT2Tokenizer"}' >"$gpt2/tokenizer_config.json"
  folders+=("$gpt2")
fi

mkdir -p docs/evidence
report=docs/evidence/tokenizers.txt
echo "commit $(git rev-parse --short HEAD), $(date -u +%F), $versions" >"$report"
TRANSFORMERS_VERBOSITY=error "$python" tests/evidence/compare_tokenizers.py build/release/tests/workers/data/tokenizer_probe \
  "$texts" "${folders[@]}" | tee -a "$report"
