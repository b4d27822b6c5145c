"""Stands in for `ballast` (and, by the name of its link, for `mpirun`) in chain_test.py: reads and writes the files that the
real program would, with made-up content. A model's folder name says how its stories turn out."""
import json
import os
import sys
from pathlib import Path

TOLD = {"start": (" It rained.", 0.0), "ppo": (" A dragon bit everyone.", 4.0), "ppo_lag": (" A dragon laughed.", -4.5)}


def option(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


def read_rows(path: str) -> list[dict]:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def write_rows(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def kind_of(model: str) -> str:
    return Path(model).parent.name if Path(model).name == "actor" else "start"


def generate() -> None:
    text = TOLD[kind_of(option("--model"))][0]
    rows = [row | {"sample": sample, "text": text + "!" * sample, "finish_reason": "eos"}
            for row in read_rows(option("--prompts")) for sample in range(int(option("--samples")))]
    write_rows(Path(option("--out")), rows)


def judged(row: dict, number: int) -> dict:
    if "--logprobs" in sys.argv:
        return {"log_prob": -2.0, "tokens": 4}
    judge = option("--score-name")
    cost = {text: cost for text, cost in TOLD.values()}.get(row["text"], 0.0)
    values = {"helpful": number % 3, "harmful": 4 if cost > 0 else number % 3 if cost == 0 else 0,
              "reward": 1.0 + abs(cost), "cost": cost + 0.1 * (number % 2)}
    return {judge: values[judge]}


def score() -> None:
    write_rows(Path(option("--out")), [row | judged(row, i) for i, row in enumerate(read_rows(option("--data")))])


def train() -> None:
    settings = dict(argument.split("=", 1) for argument in sys.argv if "=" in argument)
    for key, value in settings.items():
        if key.endswith("data.path") and not read_rows(value):
            sys.exit(f"{value} is empty")
    run = Path(settings["output"])
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("lambda:\n  init: 0.2\n  max: 5\n  cost_limit: -3\n")
    steps = [{"iteration": i, "train/reward": i, "train/cost": 1.0 - i, "train/kl_divergence": 0.1, "train/lambda": value}
             for i, value in enumerate((0.2, 0.5, 0.3, 0.1))]
    write_rows(run / "metrics.jsonl", [*steps, {"step": 9, "eval/accuracy": 0.9, "eval/accuracy_sign": 0.95}])


if __name__ == "__main__":
    if Path(sys.argv[0]).name == "mpirun":
        assert sys.argv[1:3] == ["-n", "6"], sys.argv
        os.execv(sys.argv[3], sys.argv[3:])
    if os.environ.get("BROKEN_VERB") == sys.argv[1]:
        sys.exit("the verb is broken")
    {"generate": generate, "score": score, "train": train}[sys.argv[1]]()
