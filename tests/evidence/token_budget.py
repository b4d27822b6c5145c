"""Usage: token_budget.py BALLAST. `ballast train` with micro-batches cut by rows and by tokens at equal peak memory of learning: the
rows are as many as fit when all have 512 tokens. Runs take turns. First sft on random texts of 16 to 512 tokens, log-uniform; then
ppo_lag with responses that end after 100 tokens in the mean, at 500 at the latest, where by rows generation and scoring work on as few
rows as learning does."""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

REPETITIONS, LONGEST = 5, 512
SMALL = "{hidden: 128, intermediate: 352, layers: 4, heads: 4, kv_heads: 4, vocab: 2048, max_length: 512}"
LARGER = "{hidden: 256, intermediate: 1024, layers: 4, heads: 4, kv_heads: 4, vocab: 8192, max_length: 512}"
MODELS = {"hidden 128, float32": f"{{random: {SMALL}, seed: 1}}",
          "hidden 128, bfloat16": f"{{random: {SMALL}, seed: 1, dtype: bfloat16}}",
          "hidden 256, bfloat16": f"{{random: {LARGER}, seed: 1, dtype: bfloat16}}"}
SFT = """
algorithm: sft
epochs: 1
gradient_lanes: 2
model: %s
examples: {random: {rows: 256, min_length: 16, max_length: 512, lengths: log_uniform, vocab: 2048}}
batch: {mini_batch: 32, micro_batch: 1, max_length: 512}
"""


PPO_LAG = """
algorithm: ppo_lag
iterations: 3
actor: {model: {random: %s, seed: 1}}
reward: {model: {random: %s, seed: 2}}
cost: {model: {random: %s, seed: 3}}
prompts: {random: {min_length: 4, max_length: 12, vocab: 2048}}
sampling: {eos_tokens: [%s]}
batch: {rollout: 32, mini_batch: 32, max_length: 512}
""" % (SMALL, SMALL, SMALL, ", ".join(str(token) for token in range(3, 2048, 100)))


def journal_of(ballast, config, ranks, *settings):
    """What the run prints, and the lines of its journal."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "run"
        (pathlib.Path(folder) / "config.yaml").write_text(config)
        command = [ballast, "train", "-c", f"{folder}/config.yaml", "--ranks", str(ranks), f"output={output}", *settings]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr
        return run.stdout, [json.loads(line) for line in (output / "journal.jsonl").read_text().splitlines()]


def speed(ballast, config, ranks, *settings):
    """Tokens/s of an sft run, loading not counted, and the mean imbalance of its steps."""
    text, journal = journal_of(ballast, config, ranks, *settings)
    imbalance = statistics.mean(line["imbalance/actor"] for line in journal if "imbalance/actor" in line)
    return float(re.search(r"(\d+) tokens/s; the run", text)[1]), imbalance


def iteration(ballast, config, ranks, *settings):
    """Fastest iteration of a ppo_lag run, and its busiest rank's learning, in seconds; the first does not count."""
    _, journal = journal_of(ballast, config, ranks, *settings)
    return min((line["time/iteration"], line["time/learn"]) for line in journal[1:])


def in_turn(cuts, run):
    found = {cut: [] for cut in cuts}
    for _ in range(REPETITIONS):
        for cut, setting in cuts.items():
            found[cut].append(run(setting))
    return found


def compare_sft(ballast):
    print(f"{'sft':<22}{'ranks':>5}{'budget':>8}  {'cut by':<8}{'imbalance':>10}{'fastest tokens/s':>18}{'median':>8}{'ratio':>7}")
    for name, model in MODELS.items():
        for ranks, budget in ((1, 512), (1, 2048), (2, 512), (2, 2048)):
            cuts = {"rows": f"batch.micro_batch={budget // LONGEST}", "tokens": f"batch.tokens_per_micro_batch={budget}"}
            found = in_turn(cuts, lambda setting: speed(ballast, SFT % model, ranks, setting))
            medians = {cut: statistics.median(s for s, _ in runs) for cut, runs in found.items()}
            for cut, runs in found.items():
                print(f"{name:<22}{ranks:>5}{budget:>8}  {cut:<8}{runs[0][1]:>10.2f}{max(s for s, _ in runs):>18.0f}"
                      f"{medians[cut]:>8.0f}{medians[cut] / medians['rows']:>7.2f}", flush=True)


def compare_ppo_lag(ballast):
    print(f"{'ppo_lag':<22}{'ranks':>5}{'budget':>8}  {'cut by':<8}{'fastest s':>10}{'median':>8}{'ratio':>7}{'learning s':>12}{'ratio':>7}")
    for ranks, budget in ((1, 1024), (2, 1024)):
        cuts = {"rows": f"batch.micro_batch={budget // LONGEST}",
                "tokens": f"batch={{rollout: 32, mini_batch: 32, micro_batch: 16, max_length: 512, tokens_per_micro_batch: {budget}}}"}
        found = in_turn(cuts, lambda setting: iteration(ballast, PPO_LAG, ranks, setting))
        medians = {cut: [statistics.median(seconds) for seconds in zip(*runs)] for cut, runs in found.items()}
        for cut, runs in found.items():
            whole, learning = medians[cut]
            print(f"{'hidden 128, float32':<22}{ranks:>5}{budget:>8}  {cut:<8}{min(runs)[0]:>10.2f}{whole:>8.2f}"
                  f"{medians['rows'][0] / whole:>7.2f}{learning:>12.2f}{medians['rows'][1] / learning:>7.2f}", flush=True)


def main():
    compare_sft(sys.argv[1])
    compare_ppo_lag(sys.argv[1])


if __name__ == "__main__":
    main()
