"""Every name that a run logs is defined in docs/metrics.md, and every name that is defined there is logged.

Usage: metrics_test.py BALLAST. Two iterations of each algorithm on one rank.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

FILES = ["metrics.jsonl", "journal.jsonl", "samples.jsonl"]
NOT_IN_THESE_RUNS = {"train/ptx_loss", "prompt", "response"}  # no PTX rows, no tokenizer


def defined_names(text):
    """The names in the first column of the tables, except the table of files."""
    names = set()
    for line in text.splitlines():
        if line.startswith("| `") and ".json" not in line.split("|")[1]:
            names |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    return names


def logged_names(run):
    names = {}
    for file in FILES:
        if not (run / file).exists():
            continue
        for line in (run / file).read_text().splitlines():
            for name in json.loads(line):
                names.setdefault(name, file)
    return names


def run(ballast, algorithm, output, *settings):
    command = [ballast, "train", "-c", f"configs/smoke/{algorithm}.yaml", f"output={output}", "iterations=2", *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return logged_names(output)


def main():
    ballast = sys.argv[1]
    defined = defined_names(pathlib.Path("docs/metrics.md").read_text())
    logged = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        logged |= run(ballast, "ppo_lag", folder / "ppo_lag", "checkpoint.every=1", "evaluation.every=1",
                      "evaluation.prompts={random: {}}", "evaluation.rows=12")
        lines = (folder / "ppo_lag" / "metrics.jsonl").read_text().splitlines()
        evaluations = [json.loads(line)["eval/iterations"] for line in lines if "eval/" in line]
        logged |= run(ballast, "ppo_lag", folder / "ahead", "one_step_ahead=true")
        for algorithm in ["sft", "reward", "cost"]:
            logged |= run(ballast, algorithm, folder / algorithm)
    for name, file in sorted(logged.items()):
        assert name in defined, f"{file} has '{name}', which docs/metrics.md does not define"
    missing = defined - set(logged) - NOT_IN_THESE_RUNS
    assert not missing, f"docs/metrics.md defines what no file has: {sorted(missing)}"
    assert evaluations == [0, 1, 2], evaluations
    print(f"{len(logged)} names, all defined")


if __name__ == "__main__":
    main()
