"""The quick start's steps (a) to (f), each a few commands of `ballast` on the files of the step before.

  prompts/     preference.jsonl policy.jsonl evaluation.jsonl
  samples/     sampled.jsonl -> helpful.jsonl -> labelled.jsonl
  pairs/       {reward,cost}_{train,held_out}.jsonl
  reward/ cost/ ppo_lag/ ppo/                 run folders of `ballast train`
  evaluation/  {start,ppo,ppo_lag}.jsonl -> told.jsonl -> helpful -> harmful -> reward -> cost -> base: each adds a judgement
"""
from dataclasses import dataclass
from pathlib import Path

from figures import figures_of
from pairs import write_pairs
from prompts import PromptCounts, write_prompts
from report import by_step
from rows import read_rows, write_rows
from runner import Command, Runner

HERE = Path(__file__).parent
SAMPLES = 2  # continuations of each preference prompt
SAMPLED_TOKENS = 64  # few enough that some stories are cut off: the reward model must know such, too


@dataclass(frozen=True)
class Chain:
    """One run of the quick start. Paths are relative to the repository, where the commands run."""

    runner: Runner
    ballast: str
    folder: Path
    model: Path  # where it starts
    prompt_source: Path | None  # None: the story world's openings
    counts: PromptCounts
    story_tokens: int  # longest response of RL and evaluation
    seed: int
    policy_settings: tuple[str, ...]  # key.path=value, for both policies

    def sample(self) -> None:
        """(a) Two continuations of each preference prompt."""
        write_prompts(self.folder / "prompts", self.counts, self.seed, self.prompt_source)
        self.runner.run(
            self._generate("sample", self.model, "prompts/preference", "samples/sampled", SAMPLED_TOKENS, samples=SAMPLES)
        )

    def label(self) -> None:
        """(b) Points by the two rules, and pairs by the points."""
        self.runner.run(self._score("helpful", "samples/sampled", "samples/helpful", self._by_rule("helpful")))
        self.runner.run(self._score("harmful", "samples/helpful", "samples/labelled", self._by_rule("harmful")))
        write_pairs(self.folder / "samples/labelled.jsonl", self.folder / "pairs")

    def train_preference_models(self) -> dict[str, float]:
        """(c) The reward and the cost model; returns their held-out accuracies."""
        self.runner.run(self._preference_training("reward"), self._preference_training("cost"))
        return {
            "reward_accuracy": by_step(self.folder / "reward", "eval/accuracy")[-1],
            "cost_accuracy": by_step(self.folder / "cost", "eval/accuracy")[-1],
            "cost_sign_accuracy": by_step(self.folder / "cost", "eval/accuracy_sign")[-1],
        }

    def train_policy(self, name: str) -> None:
        """(d), (e) ppo_lag or ppo, on six ranks: one for each role."""
        arguments = [
            f"actor.model.path={self.model}",
            f"reward.model.path={self.folder}/reward/reward",
            f"cost.model.path={self.folder}/cost/cost",
            f"prompts.data.path={self.folder}/prompts/policy.jsonl",
            *self.policy_settings,
        ]
        self.runner.run(self._training(name, ranks=6, settings=arguments))

    def evaluate(self) -> dict[str, dict[str, float]]:
        """(f) The held-out prompts, continued by start, PPO and PPO-Lag; judged by rules, reward, cost and start model."""
        models = {"start": self.model, **{name: self.folder / name / "actor" for name in ("ppo", "ppo_lag")}}
        self.runner.run(
            *(
                self._generate(f"{name}_tells", model, "prompts/evaluation", f"evaluation/{name}", self.story_tokens)
                for name, model in models.items()
            )
        )
        told = {name: read_rows(self.folder / f"evaluation/{name}.jsonl") for name in models}
        write_rows(self.folder / "evaluation/told.jsonl", ({**row, "by": name} for name in told for row in told[name]))
        for before, judge, by in (
            ("told", "helpful", self._by_rule("helpful")),
            ("helpful", "harmful", self._by_rule("harmful")),
            ("harmful", "reward", self._by_model("reward")),
            ("reward", "cost", self._by_model("cost")),
            ("cost", "base", ["--model", str(self.model), "--logprobs"]),
        ):
            self.runner.run(self._score(f"evaluation_{judge}", f"evaluation/{before}", f"evaluation/{judge}", by))
        return {name: figures_of(self.judged(name)) for name in models}

    def judged(self, name: str) -> list[dict]:
        """The evaluated stories of a model, in the order of the held-out prompts."""
        return [row for row in read_rows(self.folder / "evaluation/base.jsonl") if row["by"] == name]

    def _generate(self, name: str, model: Path, prompts: str, out: str, tokens: int, samples: int = 1) -> Command:
        (self.folder / out).parent.mkdir(parents=True, exist_ok=True)
        files = ["--prompts", f"{self.folder}/{prompts}.jsonl", "--out", f"{self.folder}/{out}.jsonl"]
        sampling = ["--max-new-tokens", str(tokens), "--temperature", "1", "--samples", str(samples), "--seed", str(self.seed)]
        return Command(
            name, [self.ballast, "generate", "--model", str(model), *files, *sampling, "--prompt-format", "plain"]
        )

    def _score(self, name: str, data: str, out: str, by: list[str]) -> Command:
        files = ["--data", f"{self.folder}/{data}.jsonl", "--out", f"{self.folder}/{out}.jsonl"]
        return Command(name, [self.ballast, "score", *by, *files, "--format", "plain", "--key-response", "text"])

    def _by_rule(self, rule: str) -> list[str]:
        return ["--rule", str(HERE.relative_to(Path.cwd()) / f"{rule}.yaml"), "--score-name", rule]

    def _by_model(self, role: str) -> list[str]:
        return ["--model", f"{self.folder}/{role}/{role}", "--score-name", role]

    def _preference_training(self, role: str) -> Command:
        settings = [
            f"model.path={self.model}",
            f"examples.data.path={self.folder}/pairs/{role}_train.jsonl",
            f"evaluation.data.path={self.folder}/pairs/{role}_held_out.jsonl",
        ]
        return self._training(role, ranks=1, settings=settings)

    def _training(self, name: str, ranks: int, settings: list[str]) -> Command:
        config = ["train", "-c", f"configs/quickstart/{name}.yaml", f"output={self.folder}/{name}", f"seed={self.seed}"]
        launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
        return Command(name, [*launcher, self.ballast, *config, *settings])
