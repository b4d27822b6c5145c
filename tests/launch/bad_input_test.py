"""What the user can mend is said in one sentence, once for the whole job, with exit code 2, and nothing is written.
What is not finite ends the run before the optimizer's step, with exit code 1 and the culprit's name.

Usage: bad_input_test.py MPIRUN BALLAST
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

RANKS = 2
CONFIG = "configs/smoke/ppo_lag.yaml"
CHECKPOINT = pathlib.Path("tests/golden/safe_rlhf/e2e-ppo-lag/actor")
# The other models and the prompts have the checkpoint's vocabulary.
ITS_VOCABULARY = [f"{key}.vocab=67" for key in ("prompts.random", "reward.model.random", "cost.model.random")]


def truncated_checkpoint(folder):
    broken = folder / "truncated"
    shutil.copytree(CHECKPOINT, broken)
    weights = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    return broken


def without_a_tensor(folder):
    """A checkpoint whose config.json asks for a layer more than the weights have."""
    broken = folder / "short"
    shutil.copytree(CHECKPOINT, broken)
    config = (broken / "config.json").read_text()
    (broken / "config.json").write_text(config.replace('"num_hidden_layers": 2', '"num_hidden_layers": 3'))
    return broken


def absurd_checkpoint(folder):
    """A checkpoint whose config.json asks for more memory than there is."""
    broken = folder / "absurd"
    shutil.copytree(CHECKPOINT, broken, dirs_exist_ok=True)
    config = json.loads((broken / "config.json").read_text())
    config["vocab_size"] = 2**31
    (broken / "config.json").write_text(json.dumps(config))
    return broken


def cases(folder):
    """Name, arguments, words that the message must have."""
    by_path = ["actor.model={path: %s}"]
    yield "unknown key", ["lambda.inti=2"], ["lambda.inti", "unknown key", "init"]
    yield "value out of range", ["lambda.init=-1"], ["lambda.init", "found -1"]
    yield "wrong type", ["iterations=many"], ["iterations", "many"]
    yield "missing model folder", [by_path[0] % (folder / "nowhere")], ["actor.model", str(folder / "nowhere")]
    yield "truncated safetensors", [by_path[0] % truncated_checkpoint(folder)], ["model.safetensors"]
    yield "a tensor is missing", [by_path[0] % without_a_tensor(folder), *ITS_VOCABULARY], ["model.safetensors", "layers.2"]
    yield ("a vocabulary larger than memory",
           [f"{role}.model={{path: {absurd_checkpoint(folder)}}}" for role in ("actor", "reward", "cost")],
           ["model.safetensors", "embed_tokens", "found shape [67, 32]", "expected [2147483648, 32]"])
    yield "dtype of no model", ["cost_critic.model.dtype=bfloat16"], ["cost_critic.model.dtype", "without path or random"]
    yield "unknown dtype", ["actor.model.dtype=float16"], ["actor.model.dtype", "float16", "bfloat16"]
    yield "both path and random", ["actor.model.path=/tmp"], ["actor.model", "both path and random"]
    yield ("a role without ranks", ["placement={actor: [0], reference: [0], reward: [1], cost: [1], reward_critic: [1]}"],
           ["placement.cost_critic", "empty"])
    yield "a rank outside the job", ["placement.actor=[7]"], ["placement.actor", "rank 7"]
    yield "batch that cannot be cut", ["batch.mini_batch=12"], ["batch.mini_batch", "multiple"]
    yield "slots", ["generation.slots=20"], ["generation.slots", "found 20", "multiple of 16"]
    yield "an EOS id outside the vocabulary", ["sampling.eos_tokens=[128]"], ["sampling.eos_tokens", "128"]
    yield "rows that are no multiple of the samples", ["batch.samples=5"], ["batch.rollout", "batch.samples (5)"]
    yield "neither iterations nor epochs", ["iterations=null"], ["iterations", "epochs", "give one of them"]
    yield "epochs of random prompts", ["iterations=null", "epochs=1"], ["epochs", "prompts.data"]
    yield "prompts twice", ["prompts.data={path: prompts.jsonl}"], ["prompts: found both"]
    yield "no prompts", ["prompts={}"], ["prompts: found none"]
    yield "prompts without a tokenizer", ["prompts={data: {path: README.md}}"], ["actor.model", "no tokenizer"]
    yield "a missing file of prompts", ["prompts={data: {path: nowhere.jsonl}}"], ["prompts.data", "nowhere.jsonl"]
    yield "an unknown device", ["device=gpu"], ["device", "gpu", "cuda"]
    yield "no GPU", ["device=cuda"], ["device: found cuda; rank 0 (", "): th", "allowed here: cpu or auto"]
    yield "lanes", ["gradient_lanes=3"], ["gradient_lanes", "power of two"]


def supervised_cases(folder):
    """Name, configuration, arguments, words that the message must have."""
    nowhere = folder / "nowhere.jsonl"
    sft, cost = "configs/smoke/sft.yaml", "configs/smoke/cost.yaml"
    yield "unknown algorithm", sft, ["algorithm=sfft"], ["algorithm", "sfft", "reward"]
    yield "a key of another algorithm", sft, ["lambda.init=1"], ["lambda", "unknown key"]
    yield "unknown key of a loss", cost, ["loss.regularisation=1"], ["loss.regularisation", "regularization"]
    yield "two sources of examples", sft, [f"examples.data.path={nowhere}"], ["examples", "both", str(nowhere)]
    yield "no examples", cost, ["examples={}"], ["examples", "neither"]
    yield "data without a tokenizer", sft, [f"examples={{data: {{path: {CHECKPOINT}/config.json}}}}"], ["model.tokenizer"]
    yield "rows longer than the model takes", sft, ["batch.max_length=1000"], ["batch.max_length", "64 positions"]
    yield "more shards than ranks", sft, ["tensor_parallel=2"], ["tensor_parallel: found 2; this job has 1 rank"]
    yield "heads that cannot be cut", sft, ["tensor_parallel=3"], ["tensor_parallel: ", "num_attention_heads", "found 4"]
    yield "tokens that the model lacks", sft, ["examples.random.vocab=500"], ["token id", "0 to 127"]


def with_nan(folder):
    """A checkpoint that reads well and computes nonsense."""
    broken = folder / "nan"
    shutil.copytree(CHECKPOINT, broken)
    weights = bytearray((broken / "model.safetensors").read_bytes())
    weights[-4:] = b"\x00\x00\xc0\x7f"  # the last float32: in model.norm.weight
    (broken / "model.safetensors").write_bytes(weights)
    return broken


def check_not_finite(job, folder):
    """Name, arguments, words of the one message."""
    runs = [("weights that are not finite", [f"actor.model={{path: {with_nan(folder)}}}", *ITS_VOCABULARY],
             ["log_probs", "row 0", "last command: Generate"]),
            ("a step that blows up", ["actor.optimizer.learning_rate=1e30"],
             ["the gradient of model.", "not finite at step 1", "last command: Learn actor"])]
    for name, arguments, words in runs:
        output = folder / name.replace(" ", "_")
        result = run([*job, "-c", CONFIG, f"output={output}", *arguments])
        text = result.stdout + result.stderr
        spoken = [line for line in text.splitlines() if line.startswith("ballast:")]
        assert result.returncode == 1 and len(spoken) == 1, f"{name}: exit code {result.returncode}\n{text}"
        for word in ["rank 0 (", "actor", *words]:
            assert word in spoken[0], f"{name}: the message does not name {word!r}\n{text}"
        assert (output / "failure.txt").read_text().strip() in spoken[0]
        assert not (output / "actor").exists(), f"{name}: a broken actor was saved"
        print(f"{name}: {spoken[0]}")


def run(command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def check(name, result, words, output):
    text = result.stdout + result.stderr
    spoken = [line for line in text.splitlines() if line.startswith("ballast:")]
    assert result.returncode == 2, f"{name}: exit code {result.returncode}, expected 2\n{text}"
    assert len(spoken) == 1, f"{name}: said {len(spoken)} times\n{text}"
    for word in words:
        assert word in text, f"{name}: the message does not name {word!r}\n{text}"
    assert not output.exists(), f"{name}: {output} was written"
    print(f"{name}: {spoken[0]}")


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        output = folder / "run"
        passed = 0
        job = [mpirun, "--oversubscribe", "-n", str(RANKS), ballast, "train"]
        for case, arguments, words in cases(folder):
            check(case, run([*job, "-c", CONFIG, f"output={output}", *arguments]), words, output)
            passed += 1
        for case, config, arguments, words in supervised_cases(folder):
            check(case, run([ballast, "train", "-c", config, f"output={output}", *arguments]), words, output)
            passed += 1
        check("missing configuration", run([*job, "-c", str(folder / "no.yaml"), f"output={output}"]), ["no.yaml"], output)
        broken = folder / "broken.yaml"
        broken.write_text("actor: {model: [\n")
        check("broken YAML", run([*job, "-c", str(broken), f"output={output}"]), ["broken.yaml"], output)
        check_not_finite(job, folder)
        usage = run([*job, "-c", CONFIG, "--no-such-option"])
        assert usage.returncode == 2 and usage.stderr.count("no-such-option") == 1, usage.stderr
    print(f"{passed + 5} passed, 0 failed")


if __name__ == "__main__":
    main()
