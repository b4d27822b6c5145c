"""Prompts, PTX texts and held-out prompts from files: what is visited, evaluated and shown, with the same bits on 1 and 4 ranks.

Usage: prompts_test.py MPIRUN BALLAST
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from text_rewards_test import write_tokenizer

CONFIG = "configs/smoke/ppo_lag.yaml"
SHAPE = "vocab: 257, hidden: 32, intermediate: 48, layers: 1, heads: 2, kv_heads: 2, max_length: 64"
PROMPTS = ["Once upon a time", "A dog", "The sun rose", "Two friends", "In the wood", "A dog"]  # five different ones
EPOCHS, SAMPLES, ROLLOUT = 4, 2, 8
ITERATIONS = EPOCHS * 5 * SAMPLES // ROLLOUT


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def train(mpirun, ballast, ranks, folder, output):
    data = "{path: %s, format: plain}"
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", CONFIG, f"output={output}",
               "iterations=null", f"epochs={EPOCHS}", "samples={every: 2, rows: 3}",
               f"batch={{rollout: {ROLLOUT}, samples: {SAMPLES}, mini_batch: 8, micro_batch: 4, max_length: 32}}",
               "prompts={data: %s}" % (data % (folder / "prompts.jsonl")), "ptx.data=" + data % (folder / "texts.jsonl"),
               "evaluation={prompts: {data: %s}, every: 2, rows: 3}" % (data % (folder / "prompts.jsonl"))]
    command += [f"{role}.model={{random: {{{SHAPE}}}, tokenizer: {folder / 'tokenizer'}}}" for role in ("actor", "reward", "cost")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return output


def lines(output, name):
    return [json.loads(line) for line in (output / name).read_text().splitlines()]


def check(output):
    metrics = lines(output, "metrics.jsonl")
    steps = [line for line in metrics if "train/step" in line]
    assert len(steps) == ITERATIONS and all(step["train/ptx_loss"] > 0 for step in steps), steps
    assert [line["eval/iterations"] for line in metrics if "eval/reward" in line] == [0, 2, 4, 5]
    samples = lines(output, "samples.jsonl")
    assert [sample["iteration"] for sample in samples] == [0] * 3 + [2] * 3 + [4] * 3
    for sample in samples:
        assert sample["prompt"] in PROMPTS and isinstance(sample["response"], str), sample
        assert sample["response_ids"] and "reward" in sample and "cost" in sample, sample
    assert samples[0]["prompt"] == samples[1]["prompt"] != samples[2]["prompt"], "two rows for each prompt"
    assert [sample["row"] for sample in samples[:4]] == [0, 1, 2, 16]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "tokenizer").mkdir()
        write_tokenizer(folder / "tokenizer", 0)
        write_rows(folder / "prompts.jsonl", [{"prompt": prompt} for prompt in PROMPTS])
        write_rows(folder / "texts.jsonl", [{"prompt": prompt, "response": " there was a cat."} for prompt in PROMPTS])
        one = train(*sys.argv[1:3], 1, folder, folder / "one")
        check(one)
        four = train(*sys.argv[1:3], 4, folder, folder / "four")
        for file in ("actor/model.safetensors", "metrics.jsonl", "samples.jsonl"):
            assert (one / file).read_bytes() == (four / file).read_bytes(), f"{file}: other bits on 4 ranks"
    print("2 passed, 0 failed")


if __name__ == "__main__":
    main()
