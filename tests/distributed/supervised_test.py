"""Supervised jobs reach what their smoke configurations promise, and leave the same bits on any number of ranks.

Usage: supervised_test.py MPIRUN BALLAST. sft, reward and cost run on 1, 2 and 4 ranks (replicas of one model): bitwise equal
weights and metrics, and held-out figures that only a model that has learned its task reaches; so too where micro-batches are cut
by tokens, which spreads them over four replicas more evenly.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

LANES = "gradient_lanes=4"  # what four replicas need
BUDGET = "batch.tokens_per_micro_batch=96"
# Algorithm -> folder of the trained model, and bounds of what is held out.
JOBS = {
    "sft": ("actor", {"eval/loss": (0.0, 1.0)}),
    "reward": ("reward", {"eval/accuracy": (1.0, 1.0)}),
    "cost": ("cost", {"eval/accuracy": (1.0, 1.0), "eval/accuracy_sign": (0.9, 1.0)}),
}


def run(mpirun, ballast, ranks, algorithm, output, *settings):
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", f"configs/smoke/{algorithm}.yaml",
               f"output={output}", LANES, *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "step 10/" in result.stdout, result.stdout
    model = JOBS[algorithm][0]
    return [(output / name).read_bytes() for name in (f"{model}/model.safetensors", f"{model}/config.json", "metrics.jsonl")]


def check_figures(algorithm, metrics):
    lines = [json.loads(line) for line in metrics.splitlines()]
    held_out = [line for line in lines if "eval/loss" in line][-1]
    for name, (low, high) in JOBS[algorithm][1].items():
        assert low <= held_out[name] <= high, f"{algorithm}: {name} is {held_out[name]}"
    learned = [line["train/loss"] for line in lines if "train/loss" in line]
    assert learned[-1] < learned[0] / 2, f"{algorithm}: the loss went from {learned[0]} to {learned[-1]}"


def mean_imbalance(algorithm, output):
    lines = [json.loads(line) for line in (output / "journal.jsonl").read_text().splitlines()]
    figures = [line[f"imbalance/{JOBS[algorithm][0]}"] for line in lines if f"imbalance/{JOBS[algorithm][0]}" in line]
    return sum(figures) / len(figures)


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        for algorithm in JOBS:
            folder = pathlib.Path(name) / algorithm
            one = run(mpirun, ballast, 1, algorithm, folder / "1")
            check_figures(algorithm, one[-1].decode())
            for ranks in (2, 4):
                assert run(mpirun, ballast, ranks, algorithm, folder / str(ranks)) == one, \
                    f"{algorithm}: {ranks} ranks: other bits than 1 rank"
            budget = run(mpirun, ballast, 1, algorithm, folder / "budget_1", BUDGET)
            check_figures(algorithm, budget[-1].decode())
            assert run(mpirun, ballast, 4, algorithm, folder / "budget_4", BUDGET) == budget, \
                f"{algorithm}, cut by tokens: 4 ranks: other bits than 1 rank"
            assert mean_imbalance(algorithm, folder / "budget_4") < mean_imbalance(algorithm, folder / "4"), \
                f"{algorithm}: tokens are spread no more evenly than rows"
    print(f"{4 * len(JOBS)} passed, 0 failed")


if __name__ == "__main__":
    main()
