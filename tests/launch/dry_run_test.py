"""A dry run shows configuration, placement and memory, for as many ranks as one likes, and writes nothing.

Usage: dry_run_test.py BALLAST
"""
import pathlib
import subprocess
import sys
import tempfile


def dry_run(ballast, config, output, *arguments):
    command = [ballast, "train", "-c", f"configs/smoke/{config}.yaml", f"output={output}", "--dry-run", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not output.exists(), "a dry run has written something"
    return result.stdout


def main():
    ballast = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        output = pathlib.Path(name) / "run"
        text = dry_run(ballast, "ppo_lag", output, "--ranks", "12", "gradient_lanes=4")
        assert "placement: actor: 0, 1, 2, 3; reference: 4" in text, text
        assert [line.split()[:2] for line in text.splitlines() if line[:1].isdigit() and " actor " in line] == [["0-3", "actor"]], text
        assert "lambda:" in text and "cost_critic" in text and "without libraries" in text, text
        text = dry_run(ballast, "ppo_lag", output, "--ranks", "10", "actor.tensor_parallel=2", "cost.tensor_parallel=4")
        assert "placement: actor: 0, 1 (1 replica x 2 shards); reference: 2; reward: 3; cost: 4, 5, 6, 7 (1 replica x 4 shards)" in text, text
        text = dry_run(ballast, "ppo_lag", output, "--ranks", "2", "placement=auto", "cluster=2xcpu")
        assert "  actor: [0" in text and "placement: actor: 0" in text, text
        text = dry_run(ballast, "sft", output)
        assert "placement: actor: 0" in text and "in all" in text, text
    print("4 passed, 0 failed")


if __name__ == "__main__":
    main()
