"""Makes report.html, self-contained, and its charts as PNGs from run folders of `ballast train` (PPO or PPO-Lag):

  report.py RUN [RUN...] --out FOLDER        # several runs: one line each in every chart
"""
import argparse
import base64
import html
import json
import re
from collections import defaultdict
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

COLOURS = ("#0b6e99", "#c4553b", "#5b8c3a", "#7d5ba6")


class Chart(NamedTuple):
    name: str  # of its PNG
    metric: str
    title: str


CHARTS = (
    Chart("reward", "train/reward", "Reward: mean score of the reward model"),
    Chart("cost", "train/cost", "Cost: mean score of the cost model; above the limit is too harmful"),
    Chart("lambda", "train/lambda", "Lambda: the price of cost, in reward"),
    Chart("kl", "train/kl_divergence", "KL: how far the actor has moved from the reference"),
)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }}
img {{ max-width: 100% }}
pre {{ background: #f4f4f2; padding: 1rem; overflow-x: auto; font-size: 0.85rem }}
</style>
<h1>{title}</h1>
{body}
</html>
"""


def steps_of(run: Path) -> list[dict]:
    """The lines of metrics.jsonl: one for each optimizer step or evaluation."""
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def by_step(run: Path, metric: str) -> list[float]:
    """Raises LookupError if the run does not report it."""
    values = [step[metric] for step in steps_of(run) if metric in step]
    if not values:
        raise LookupError(f"{run}/metrics.jsonl has no {metric}")
    return values


def by_iteration(run: Path, metric: str) -> list[float]:
    """The metric's mean over the steps of each iteration; empty if the run does not report it."""
    values = defaultdict(list)
    for step in steps_of(run):
        if metric in step:
            values[step["iteration"]].append(step[metric])
    return [fmean(values[iteration]) for iteration in sorted(values)]


def setting(run: Path, key: str) -> float | None:
    """A number of the section `lambda` of config.yaml; None if it is not there, or null."""
    section = re.search(r"^lambda:.*\n((?: .*\n)*)", (run / "config.yaml").read_text() + "\n", re.MULTILINE)
    value = re.search(rf"^\s+{key}:\s*([-+.\de]+)", section[1], re.MULTILINE) if section else None
    return float(value[1]) if value else None


def draw(chart: Chart, runs: list[Path], out: Path) -> Path | None:
    """Writes the chart as a PNG; None if no run reports its metric."""
    curves = {run.name: by_iteration(run, chart.metric) for run in runs}
    if not any(curves.values()):
        return None
    figure, axes = pyplot.subplots(figsize=(8, 3.2), layout="constrained")
    for (name, values), colour in zip(curves.items(), COLOURS):
        if values:
            axes.plot(range(1, len(values) + 1), values, label=name, color=colour)
    limit = setting(runs[0], "cost_limit") if chart.name == "cost" else None
    if limit is not None:
        axes.axhline(limit, color="#555", linestyle="--", label=f"limit {limit:g}")
    axes.set(title=chart.title, xlabel="iteration")
    axes.grid(alpha=0.3)
    axes.legend()
    path = out / f"{chart.name}.png"
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path


def embedded(png: Path) -> str:
    content = base64.b64encode(png.read_bytes()).decode()
    return f'<img alt="{png.stem}" src="data:image/png;base64,{content}">'


def write_report(runs: list[Path], out: Path, title: str, sections: dict[str, str]) -> Path:
    """Writes `out`/report.html and the PNGs. `sections` are headings and preformatted texts that stand above the charts."""
    out.mkdir(parents=True, exist_ok=True)
    texts = [f"<h2>{html.escape(heading)}</h2>\n<pre>{html.escape(text)}</pre>" for heading, text in sections.items()]
    charts = [embedded(png) for chart in CHARTS if (png := draw(chart, runs, out))]
    page = out / "report.html"
    page.write_text(PAGE.format(title=html.escape(title), body="\n".join(texts + charts)), encoding="utf-8")
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    print(write_report(options.runs, options.out, ", ".join(run.name for run in options.runs), sections={}))


if __name__ == "__main__":
    main()
