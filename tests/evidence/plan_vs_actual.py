"""Prints a run's plan_vs_actual.json as tables.

usage: plan_vs_actual.py FILE
"""
import json
import sys
from pathlib import Path


def row(name, comparison, scale):
    ratio = "" if comparison["ratio"] is None else f"{comparison['ratio']:8.3f}"
    print(f"{name:<42}{comparison['planned'] / scale:>12.3f}{comparison['measured'] / scale:>12.3f}{ratio:>9}")


def main():
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    print(f"{'MiB':<42}{'planned':>12}{'measured':>12}{'ratio':>9}")
    for rank in report["memory"]:
        name = f"rank {rank['rank']} ({', '.join(rank['roles'])})"
        for of, comparison in rank.get("classes", {}).items():
            row(f"  {of}", comparison, 2**20)
        row(name, rank["in_all"], 2**20)
    if report["time"] is None:
        print("times were not planned")
        return
    print(f"{'seconds':<42}{'planned':>12}{'measured':>12}{'ratio':>9}")
    for phase, comparison in report["time"].items():
        row(phase, comparison, 1.0)


if __name__ == "__main__":
    main()
