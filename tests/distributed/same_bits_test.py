"""The result of a run depends on its configuration and seed, not on placement or replicas.

Usage: same_bits_test.py MPIRUN BALLAST. Five iterations of PPO-Lagrangian with sampling on 1, 4 (two actor replicas) and 6 ranks
leave the same rollouts and bitwise equal weights and metrics; with one gradient lane, where replicas add up in another order, they do not.
So do three iterations whose training micro-batches are cut by tokens, with and without generation one step ahead.
Micro-batches are larger than the actor's slots and several ids end a response, so that slots are refilled at different times.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag.yaml"
RUN = ["iterations=5", "batch={rollout: 120, mini_batch: 60, micro_batch: 20, max_length: 48}", "generation.slots=16",
       "samples={every: 1, rows: 20}",
       "sampling={temperature: 0.9, top_p: 0.95, repetition_penalty: 1.1, eos_tokens: [2, 3, 4, 5, 6]}"]
TWO_ACTORS = ("placement={actor: [0, 1], reference: [2], reward: [2], cost: [2], reward_critic: [3], cost_critic: [3]}")
BUDGET = ["iterations=3", "batch.tokens_per_micro_batch=400"]
AHEAD = ["one_step_ahead=true"]
FILES = ["actor/model.safetensors", "reward_critic/model.safetensors", "cost_critic/model.safetensors", "samples.jsonl", "metrics.jsonl"]


def run(program, output, *settings):
    mpirun, ballast, ranks = program
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", CONFIG, f"output={output}", *RUN, *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return [(pathlib.Path(output) / name).read_bytes() for name in FILES]


def check_lengths(metrics):
    """The run is worth comparing: responses ended at different lengths, and decoding agrees with the training forward."""
    for line in metrics.decode().splitlines():
        step = json.loads(line)
        assert step["train/mean_generated_length"] < 0.8 * step["train/max_generated_length"], step
        assert 0.0 < step["train/max_generation_log_prob_difference"] < 1e-4, step
        assert step["train/generation_log_prob_difference"] <= step["train/max_generation_log_prob_difference"], step


def check_weights(metrics):
    """The first rollout is of the parameters that learn it, the others of older ones."""
    steps = [json.loads(line) for line in metrics.decode().splitlines()]
    for step in steps:
        same = step["train/importance_weight"] == step["train/max_importance_weight"] == 1.0
        assert same == (step["iteration"] == 0), step


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        one = run((mpirun, ballast, 1), folder / "one")
        check_lengths(one[-1])
        assert run((mpirun, ballast, 4), folder / "four", TWO_ACTORS) == one, "4 ranks: other bits than 1 rank"
        assert run((mpirun, ballast, 6), folder / "six") == one, "6 ranks: other bits than 1 rank"
        fast = run((mpirun, ballast, 1), folder / "fast_one", "gradient_lanes=1")
        assert run((mpirun, ballast, 4), folder / "fast_four", TWO_ACTORS, "gradient_lanes=1") != fast, \
            "one lane gives the same bits as well: this test shows nothing"
        decoded = run((mpirun, ballast, 1), folder / "decoded_one", "generation.old_log_probs=generation")
        assert run((mpirun, ballast, 4), folder / "decoded_four", TWO_ACTORS, "generation.old_log_probs=generation") == decoded, \
            "old log-probs of decoding: 4 ranks give other bits than 1 rank"
        assert "log_prob_difference" not in decoded[-1].decode(), "nothing was recomputed, yet a difference was logged"
        budget = run((mpirun, ballast, 1), folder / "budget_one", *BUDGET)
        assert run((mpirun, ballast, 4), folder / "budget_four", TWO_ACTORS, *BUDGET) == budget, \
            "cut by tokens: 4 ranks give other bits than 1 rank"
        ahead = run((mpirun, ballast, 1), folder / "ahead_one", *BUDGET, *AHEAD)
        check_weights(ahead[-1])
        assert run((mpirun, ballast, 4), folder / "ahead_four", TWO_ACTORS, *BUDGET, *AHEAD) == ahead, \
            "one step ahead: 4 ranks give other bits than 1 rank"
    print("6 passed, 0 failed")


if __name__ == "__main__":
    main()
