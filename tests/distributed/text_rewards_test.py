"""Rewards that read text: by rule, and by a model whose tokenizer is not the actor's. Same bits on 1 and on 4 ranks; what
cannot work is said in one sentence.

Usage: text_rewards_test.py MPIRUN BALLAST
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag.yaml"
VOCAB = 300
SHAPE = f"vocab: {VOCAB}, hidden: 32, intermediate: 48, layers: 1, heads: 2, kv_heads: 2, max_length: 256"
BATCH = ["batch={rollout: 8, mini_batch: 8, micro_batch: 4, max_length: 24}", f"prompts.random.vocab={VOCAB - 50}"]
ROLES = ("actor", "reward", "cost")
PENALTY = 3.0
RULE = f"word_rule: {{short: {{words: 1000, penalty: {PENALTY}}}}}\n"


class Runs:
    def __init__(self, mpirun, ballast, folder):
        self.mpirun, self.ballast, self.folder = mpirun, ballast, folder
        self.count = 0

    def train(self, ranks, *settings):
        """The finished process and its run folder."""
        self.count += 1
        output = self.folder / f"run{self.count}"
        command = [self.mpirun, "--oversubscribe", "-n", str(ranks), self.ballast, "train", "-c", CONFIG,
                   f"output={output}", "iterations=2", *BATCH, *settings]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False), output

    def succeed(self, ranks, *settings):
        result, output = self.train(ranks, *settings)
        assert result.returncode == 0, result.stdout + result.stderr
        return output

    def refuse(self, *settings):
        result, output = self.train(2, *settings)
        assert result.returncode == 2, result.stdout + result.stderr
        assert not output.exists(), "something was written"
        return result.stderr


def write_tokenizer(folder, rotation):
    """A byte-level tokenizer whose ids of bytes are rotated."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    symbols = [chr(byte) for byte in visible] + [chr(256 + i) for i in range(256 - len(visible))]
    vocab = {symbol: (i + rotation) % 256 for i, symbol in enumerate(symbols)} | {"<|endoftext|>": 256}
    (folder / "vocab.json").write_text(json.dumps(vocab))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    names = {name: "<|endoftext|>" for name in ("bos_token", "eos_token", "unk_token")}
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "GPT2Tokenizer", **names}))
    return folder


def copy_with_tokenizer(model, folder, rotation):
    shutil.copytree(model, folder)
    return write_tokenizer(folder, rotation)


def files(output):
    names = ("actor/model.safetensors", "reward_critic/model.safetensors", "cost_critic/model.safetensors", "metrics.jsonl")
    return [(output / name).read_bytes() for name in names]


def metric(output, name):
    return [json.loads(line)[name] for line in (output / "metrics.jsonl").read_text().splitlines()]


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        runs = Runs(*sys.argv[1:3], folder)
        random = [f"{role}.model={{random: {{{SHAPE}}}, seed: {i}}}" for i, role in enumerate(ROLES)]
        plain = runs.succeed(1, *random)
        actor = copy_with_tokenizer(plain / "actor", folder / "actor", 0)
        critic = copy_with_tokenizer(plain / "reward_critic", folder / "critic", 0)
        reward = copy_with_tokenizer(plain / "reward_critic", folder / "reward", 7)
        rule = folder / "rule.yaml"
        rule.write_text(RULE)

        base = [f"actor.model={{path: {actor}}}", f"cost.model={{path: {critic}}}"]
        own_critic = f"reward_critic.model={{path: {critic}}}"
        foreign = [*base, f"reward.model={{path: {reward}}}", own_critic]
        one = runs.succeed(1, *foreign)
        assert files(runs.succeed(4, *foreign)) == files(one), "a reward with its own tokenizer: other bits on 4 ranks"
        same = runs.succeed(1, *base, f"reward.model={{path: {critic}}}", own_critic)
        assert metric(same, "train/reward") != metric(one, "train/reward"), "the tokenizer made no difference"

        by_rule = [*base, f"reward={{rule: {rule}}}", own_critic]
        one = runs.succeed(1, *by_rule)
        assert metric(one, "train/reward") == [-PENALTY] * 2, metric(one, "train/reward")
        assert files(runs.succeed(4, *by_rule)) == files(one), "a reward by rule: other bits on 4 ranks"
        assert "word_rule" in (one / "config.yaml").read_text(), "the run does not say which rule"

        assert "reward_critic.model" in runs.refuse(*base, f"reward.model={{path: {reward}}}")
        assert "reward_critic.model" in runs.refuse(*base, f"reward={{rule: {rule}}}")
        assert "another tokenizer" in runs.refuse(
            *base, f"reward.model={{path: {critic}}}", f"reward_critic.model={{path: {reward}}}")
        assert "tokenizer" in runs.refuse(*random[:1], *random[2:], f"reward={{rule: {rule}}}", own_critic)
        assert "both model and rule" in runs.refuse(*base, f"reward={{rule: {rule}, model: {{path: {critic}}}}}", own_critic)
        other_size = "reward.model={random: {vocab: 77, max_length: 64}}"
        assert "77 token ids" in runs.refuse(*base, other_size)
        rule.write_text("word_rule: {wrods: {}}")
        assert "did you mean 'words'" in runs.refuse(*by_rule)
    print("rewards by text: all checks passed")


if __name__ == "__main__":
    main()
