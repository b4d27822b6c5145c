"""Usage: token_budget.py BALLAST. Tokens/s of `ballast train` (sft) on random texts of 16 to 512 tokens, log-uniform, micro-batches
cut by rows and by tokens at equal peak memory: the rows are as many as fit when all have 512 tokens. Runs take turns."""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

REPETITIONS, LONGEST = 5, 512
SHAPES = {"hidden 128, 4 layers": "{hidden: 128, intermediate: 352, layers: 4, heads: 4, kv_heads: 4, vocab: 2048, max_length: 512}",
          "hidden 256, 4 layers": "{hidden: 256, intermediate: 1024, layers: 4, heads: 4, kv_heads: 4, vocab: 8192, max_length: 512}"}
CONFIG = """
algorithm: sft
epochs: 1
gradient_lanes: 2
model: {random: %s, seed: 1}
examples: {random: {rows: 256, min_length: 16, max_length: 512, lengths: log_uniform, vocab: 2048}}
batch: {mini_batch: 32, micro_batch: 1, max_length: 512}
"""


def speed(ballast, config, ranks, *settings):
    """Tokens/s of the run, loading not counted, and the mean imbalance of its steps."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "run"
        (pathlib.Path(folder) / "config.yaml").write_text(config)
        command = [ballast, "train", "-c", f"{folder}/config.yaml", "--ranks", str(ranks), f"output={output}", *settings]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        journal = [json.loads(line) for line in (output / "journal.jsonl").read_text().splitlines()]
    imbalance = statistics.mean(line["imbalance/actor"] for line in journal if "imbalance/actor" in line)
    return float(re.search(r"(\d+) tokens/s; the run", run.stdout)[1]), imbalance


def main():
    ballast = sys.argv[1]
    print(f"{'shape':<22}{'ranks':>5}{'budget':>8}  {'cut by':<8}{'imbalance':>10}{'fastest tokens/s':>18}{'median':>8}{'ratio':>7}")
    for shape, model in SHAPES.items():
        for ranks in (1, 2):
            for budget in (512, 2048):
                cuts = {"rows": f"batch.micro_batch={budget // LONGEST}", "tokens": f"batch.tokens_per_micro_batch={budget}"}
                found = {cut: [] for cut in cuts}
                for _ in range(REPETITIONS):
                    for cut, setting in cuts.items():
                        found[cut].append(speed(ballast, CONFIG % model, ranks, setting))
                medians = {cut: statistics.median(s for s, _ in runs) for cut, runs in found.items()}
                for cut, runs in found.items():
                    print(f"{shape:<22}{ranks:>5}{budget:>8}  {cut:<8}{runs[0][1]:>10.2f}{max(s for s, _ in runs):>18.0f}"
                          f"{medians[cut]:>8.0f}{medians[cut] / medians['rows']:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
