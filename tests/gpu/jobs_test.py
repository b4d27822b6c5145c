"""Jobs and verbs with --device cuda against the same with cpu: figures agree within what another order of sums explains.

Usage: jobs_test.py MPIRUN BALLAST    exit code 77 (skipped) where the machine has no CUDA device
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag.yaml"
MODEL = "tests/golden/safe_rlhf/tiny-llama"
FIGURES = ("train/reward", "train/cost", "train/reward_critic_loss", "train/cost_critic_loss", "train/lambda")


def run(*command):
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}"
    return result.stdout


def metrics(mpirun, ballast, folder, *overrides, ranks=1):
    output = folder / "run"
    run(mpirun, "--oversubscribe", "-n", ranks, ballast, "train", "-c", CONFIG, f"output={output}", *overrides)
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def test_training_in_float32_goes_as_on_the_cpu(mpirun, ballast, folder):
    on_cpu = metrics(mpirun, ballast, folder, "device=cpu")
    for ranks in (1, 2):
        on_gpu = metrics(mpirun, ballast, folder, "device=cuda", ranks=ranks)
        assert len(on_gpu) == len(on_cpu)
        for name in FIGURES:  # of the first step: later ones may have sampled another token at a tie
            found, expected = on_gpu[0][name], on_cpu[0][name]
            assert abs(found - expected) <= 2e-2 * max(1.0, abs(expected)), f"{name}: {found}, on the CPU {expected}"


def test_greedy_tokens_are_those_of_the_cpu(mpirun, ballast, folder):
    prompts = folder / "prompts.jsonl"
    prompts.write_text("".join(json.dumps({"input_ids": [3 + i, 40 + 2 * i, 7]}) + "\n" for i in range(20)))
    ids = {}
    for device in ("cpu", "cuda"):
        out = folder / f"{device}.jsonl"
        run(ballast, "generate", "--model", MODEL, "--prompts", prompts, "--out", out, "--temperature", 0,
            "--max-new-tokens", 12, "--device", device)
        ids[device] = [json.loads(line)["output_ids"] for line in out.read_text().splitlines()]
    same = sum(a == b for a, b in zip(ids["cpu"], ids["cuda"]))
    assert same >= 19, f"{same} of 20 responses agree"  # a tie may fall the other way


def test_log_probs_are_those_of_the_cpu(mpirun, ballast, folder):
    data = folder / "data.jsonl"
    data.write_text("".join(json.dumps({"input_ids": list(range(3 + i, 30 + 2 * i))}) + "\n" for i in range(8)))
    sums = {}
    for device in ("cpu", "cuda"):
        out = folder / f"scored_{device}.jsonl"
        run(ballast, "score", "--logprobs", "--model", MODEL, "--data", data, "--out", out, "--device", device)
        sums[device] = [json.loads(line)["log_prob"] for line in out.read_text().splitlines()]
    for found, expected in zip(sums["cuda"], sums["cpu"]):
        assert abs(found - expected) <= 1e-4 * abs(expected), (found, expected)


if __name__ == "__main__":
    if not os.path.exists("/dev/nvidia0"):
        print("skipped: this machine has no CUDA device")
        sys.exit(77)
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            with tempfile.TemporaryDirectory() as scratch:
                test(*sys.argv[1:3], pathlib.Path(scratch))
            print(f"{name}: ok", flush=True)
