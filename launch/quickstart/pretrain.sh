#!/usr/bin/env bash
# Makes launch/quickstart/story_world, the model that the quick start aligns: writes the corpus, trains tokenizer and model
# (about ten minutes on 2 cores) and tests that the model keeps to its stories' names. The result is committed; run this
# only after a change of the stories.
. "$(dirname "${BASH_SOURCE[0]}")/../setup.sh"

cd "$root"
work=runs/pretrain
world=launch/quickstart/story_world
corpus_seed=1
corpus_stories=40000
sharpening=1.2

# not a wheel of the set-up: only this script trains a tokenizer
"$venv/bin/pip" install --quiet --disable-pip-version-check sentencepiece==0.2.3
ballast_build ballast
python=$venv/bin/python
"$python" launch/quickstart/stories.py corpus --count $corpus_stories --seed $corpus_seed --out $work/corpus.jsonl
"$python" launch/quickstart/stories.py corpus --count 500 --seed 1000 --out $work/held_out.jsonl
"$python" launch/quickstart/train_tokenizer.py $work/corpus.jsonl $work/tokenizer

mpirun -n 2 "$build/launch/ballast" train -c configs/quickstart/pretrain.yaml output=$work/run "$@"
"$python" launch/quickstart/sharpen.py $work/run/actor/model.safetensors $sharpening

"$python" launch/quickstart/stories.py openings --count 256 --seed 5 --held-out --out $work/openings.jsonl
"$build/launch/ballast" generate --model $work/run/actor --prompts $work/openings.jsonl --out $work/told.jsonl \
  --max-new-tokens 90 --temperature 1 --seed 1 --prompt-format plain
"$python" launch/quickstart/check_stories.py $work/told.jsonl

mkdir -p $world
cp $work/run/actor/{config.json,model.safetensors} $work/tokenizer/{tokenizer.model,tokenizer_config.json} $world/
