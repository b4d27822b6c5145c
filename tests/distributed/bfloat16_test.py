"""A whole run in bfloat16: every role computes in it, everything stays finite, the first iteration's figures are near those of
float32, and the result does not depend on placement.

Usage: bfloat16_test.py MPIRUN BALLAST
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag_bf16.yaml"
FLOAT32 = [f"{role}.model.dtype=float32" for role in ("actor", "reward", "cost")]
# Scores of these models have a standard deviation of 0.02 * sqrt(64) = 0.16. Rounding moves a distribution by some thousandths, so
# that of the 600 tokens of a mini-batch's 16 rows about one is drawn otherwise, which moves its row's scores by as much as
# another response would. The bounds allow for two such rows.
SCORES = ["reward", "cost", "episode_cost", "reward_return", "cost_return", "reward_value", "cost_value", "reward_advantage",
          "cost_advantage", "actor_loss"]
SCORE_BOUND = 2 * 0.16 / 16
SIZES = ["actor_grad_norm", "reward_critic_grad_norm", "cost_critic_grad_norm", "reward_critic_loss", "cost_critic_loss",
         "mean_generated_length"]
SIZE_BOUND = 2 * 2 / 16  # of the value; a row counts up to twice the mean
FILES = ["actor/model.safetensors", "reward_critic/model.safetensors", "cost_critic/model.safetensors", "metrics.jsonl"]


def run(program, output, *settings):
    mpirun, ballast, ranks = program
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", CONFIG, f"output={output}", *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def check_finite(steps):
    for step in steps:
        for name, value in step.items():
            assert math.isfinite(value), f"{name} is {value}"


def check_near(step, in_float32):
    for name in (f"train/{figure}" for figure in SCORES + SIZES):
        bound = SCORE_BOUND if name[len("train/"):] in SCORES else SIZE_BOUND * abs(in_float32[name])
        assert abs(step[name] - in_float32[name]) <= bound, f"{name}: {step[name]}, in float32 {in_float32[name]}, bound {bound}"
    assert step["train/reward"] != in_float32["train/reward"], "it did not compute in bfloat16"
    assert step["train/kl_divergence"] == 0.0, "the reference does not compute as the actor does"


def stored_dtypes(folder):
    """Those of the safetensors file, by its header."""
    with open(folder / "model.safetensors", "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return {entry["dtype"] for name, entry in header.items() if name != "__metadata__" and "count" not in name}


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        six = run((mpirun, ballast, 6), folder / "six")
        run((mpirun, ballast, 1), folder / "one")
        check_finite(six)
        assert stored_dtypes(folder / "six/actor") == {"F32"}, "the actor was not saved from its masters"
        for file in FILES:
            assert (folder / "six" / file).read_bytes() == (folder / "one" / file).read_bytes(), f"{file}: 6 ranks and 1 differ"
        in_float32 = run((mpirun, ballast, 1), folder / "float32", "iterations=1", *FLOAT32)
        check_near(six[0], in_float32[0])
    print("4 passed, 0 failed")


if __name__ == "__main__":
    main()
