"""Every name that a run logs is defined in docs/metrics.md, and every name that is defined there for it is logged.

Usage: metrics_test.py BALLAST. Two iterations on one rank.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag.yaml"
FILES = ["metrics.jsonl", "journal.jsonl", "samples.jsonl"]
NOT_IN_THIS_RUN = {"train/ptx_loss", "prompt", "response"}  # no PTX rows, no tokenizer


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
        for line in (run / file).read_text().splitlines():
            for name in json.loads(line):
                names.setdefault(name, file)
    return names


def main():
    ballast = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / "run"
        command = [ballast, "train", "-c", CONFIG, f"output={run}", "iterations=2", "checkpoint.every=1", "evaluation.every=1",
                   "evaluation.prompts={random: {}}", "evaluation.rows=12"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert result.returncode == 0, result.stdout + result.stderr
        logged = logged_names(run)
        evaluations = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines() if "eval/" in line]
    defined = defined_names(pathlib.Path("docs/metrics.md").read_text())
    for name, file in sorted(logged.items()):
        assert name in defined, f"{file} logs '{name}', which docs/metrics.md does not define"
    missing = defined - set(logged) - NOT_IN_THIS_RUN
    assert not missing, f"docs/metrics.md defines what no file logs: {sorted(missing)}"
    assert [line["eval/iterations"] for line in evaluations] == [0, 1, 2], evaluations
    print(f"{len(logged)} names, all defined")


if __name__ == "__main__":
    main()
