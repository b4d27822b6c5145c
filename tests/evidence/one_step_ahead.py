"""Usage: one_step_ahead.py BALLAST. `ballast bench iteration` on shape S with and without generation one step ahead, in turn: six
ranks, a role each, and two, the actor on one and the others on the other. Then the reward and the importance weights of a small run
either way."""
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

RUNS = 3
PLACEMENTS = {"6 ranks": (6, []),
              "2 ranks": (2, ["placement={actor: [0], reference: [1], reward: [1], cost: [1], reward_critic: [1], cost_critic: [1]}"])}
ROLES = ["actor", "reference", "reward", "cost", "reward_critic", "cost_critic"]


def bench(ballast, ranks, folder, settings):
    command = [ballast, "bench", "iteration", "--shape", "S", "--ranks", str(ranks), "--micro-batches", "4", "--output",
               folder / "run", "--json", folder / "bench.json", *settings]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads((folder / "bench.json").read_text())["results"]


def compare_times(ballast, folder):
    print(f"{'':<9}{'one step ahead':>15}{'fastest s':>11}{'median s':>10}  idle share of " + ", ".join(ROLES))
    for placement, (ranks, settings) in PLACEMENTS.items():
        found = {False: [], True: []}
        for _ in range(RUNS):
            for ahead, runs in found.items():
                runs.append(bench(ballast, ranks, folder, [*settings, f"one_step_ahead={str(ahead).lower()}"]))
        for ahead, runs in found.items():
            seconds = [s for run in runs for s in run["seconds"]]
            idle = [statistics.median(run[f"idle/{role}"] for run in runs) for role in ROLES]
            print(f"{placement:<9}{str(ahead).lower():>15}{min(seconds):>11.3f}{statistics.median(seconds):>10.3f}  "
                  + " ".join(f"{100 * share:5.1f} %" for share in idle), flush=True)


def compare_learning(ballast, folder):
    print(f"\n{'':<24}{'reward':>9}{'cost':>9}{'mean weight':>13}{'largest':>9}{'truncated':>11}   smoke run of 40 iterations: first, last five")
    for ahead in ("false", "true"):
        output = folder / f"smoke_{ahead}"
        command = [ballast, "train", "-c", "configs/smoke/ppo_lag.yaml", f"output={output}", "iterations=40",
                   f"one_step_ahead={ahead}"]
        subprocess.run(command, capture_output=True, check=True)
        steps = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
        for part, lines in {"first": steps[:10], "last": steps[-10:]}.items():
            mean = [statistics.mean(line.get(f"train/{name}", 1.0) for line in lines) for name in ("reward", "cost", "importance_weight")]
            largest = max(line.get("train/max_importance_weight", 1.0) for line in lines)
            truncated = statistics.mean(line.get("train/importance_truncated_share", 0.0) for line in lines)
            print(f"one step ahead {ahead:<6}{part:<5}{mean[0]:>7.3f}{mean[1]:>9.3f}{mean[2]:>13.4f}{largest:>9.3f}{truncated:>11.5f}")


def main():
    with tempfile.TemporaryDirectory() as name:
        compare_times(sys.argv[1], pathlib.Path(name))
        compare_learning(sys.argv[1], pathlib.Path(name))


if __name__ == "__main__":
    main()
