"""How an iteration grows with the ranks, by `ballast plan`: the job of configs/alpaca_7b_1x8.yaml on 1 to 2,048 nodes of
eight H100, 64 rows for each node.

usage: scaling.py BALLAST [RANKS ...]
"""
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator

ROWS_OF_NODE = 64
RANKS_OF_NODE = 8
CONFIG = Path("configs/alpaca_7b_1x8.yaml")
ON_FIRST_RANKS = ("actor", "reference", "reward", "cost")  # of each node; the critics are on the other four
CRITICS = ("reward_critic", "cost_critic")


def placement(nodes: int) -> str:
    """On every node one replica of each role, cut into four shards."""
    def ranks(first: int) -> list[int]:
        return [node * RANKS_OF_NODE + first + shard for node in range(nodes) for shard in range(4)]

    lines = [f"  {role}: {ranks(0)}" for role in ON_FIRST_RANKS] + [f"  {role}: {ranks(4)}" for role in CRITICS]
    return "placement:\n" + "\n".join(lines) + "\n"


def config_for(nodes: int) -> str:
    rows = ROWS_OF_NODE * nodes
    text = re.sub(r"^placement:\n(?:  .*\n)+", placement(nodes), CONFIG.read_text(), flags=re.MULTILINE)
    return re.sub(r"^batch:.*$", f"batch: {{rollout: {rows}, mini_batch: {rows}, micro_batch: 16, max_length: 512}}", text,
                  flags=re.MULTILINE)


def plan(ballast: str, ranks: int, *options: str) -> tuple[dict, float]:
    """The plan, and how long it took."""
    nodes = ranks // RANKS_OF_NODE
    with tempfile.TemporaryDirectory() as folder:
        config, report = Path(folder) / "job.yaml", Path(folder) / "plan.json"
        config.write_text(config_for(nodes))
        begin = time.monotonic()
        subprocess.run([ballast, "plan", "-c", config, "--cluster", f"{nodes}x8xH100", "--json", report, *options],
                       check=False, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - begin
        return json.loads(report.read_text()), seconds


def row(ballast: str, ranks: int) -> Iterator[str]:
    classes, classes_s = plan(ballast, ranks)
    _, each_s = plan(ballast, ranks, "--each-rank")
    within = sum(of_kind["within"] for of_kind in classes["bytes"].values())
    between = sum(of_kind["between"] for of_kind in classes["bytes"].values())
    yield f"{ranks:,}"
    yield f"{classes['iteration_s']:.2f}"
    yield f"{classes['tokens_per_second']:,.0f}"
    yield f"{classes['orchestrator_s']:.3f}"
    yield f"{100 * classes['share']['idle']:.1f}"
    yield f"{within / ranks / 1e9:.1f}"
    yield f"{between / ranks / 1e9:.2f}"
    yield f"{classes_s:.1f}"
    yield f"{each_s:.1f}"


def main() -> None:
    ballast = sys.argv[1]
    sizes = [int(size) for size in sys.argv[2:]] or [8 * 2**power for power in range(12)]
    columns = ["ranks", "iteration, s", "tokens/s", "orchestrator, s", "idle, %", "GB a rank within nodes",
               "GB a rank between nodes", "planned in, s", "each rank simulated, s"]
    print("| " + " | ".join(columns) + " |")
    print("| " + " | ".join("---:" for _ in columns) + " |")
    for ranks in sizes:
        print("| " + " | ".join(row(ballast, ranks)) + " |", flush=True)


if __name__ == "__main__":
    main()
