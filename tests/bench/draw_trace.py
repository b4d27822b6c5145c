"""Draws one iteration of a trace.json: a row for each rank, a box for each command.

Usage: draw_trace.py TRACE PICTURE [ITERATION]     needs matplotlib
"""
import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402
from matplotlib.patches import Patch  # noqa: E402

COLOURS = {"generate": "#0b6e99", "score": "#5b8c3a", "experience": "#d4a02a", "learn": "#c4553b", "transfer": "#7d5ba6",
           "other": "#999999", "idle": "#eeeeee"}
ORCHESTRATOR = 0


def read_events(path):
    text = Path(path).read_text().rstrip()
    return json.loads(text if text.endswith("]") else text + "]")  # the run may not have ended


def draw(events, iteration, axes):
    names = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    whole = next(e for e in events if e["ph"] == "X" and e["tid"] == ORCHESTRATOR and e["name"] == f"iteration {iteration}")
    begin, end = whole["ts"], whole["ts"] + whole["dur"]
    tracks = sorted(tid for tid in names if tid != ORCHESTRATOR)
    for event in events:
        if event["ph"] != "X" or event["tid"] == ORCHESTRATOR or not begin <= event["ts"] + event["dur"] / 2 <= end:
            continue
        axes.barh(tracks.index(event["tid"]), event["dur"] / 1e6, left=(event["ts"] - begin) / 1e6, height=0.8,
                  color=COLOURS[event["cat"]], edgecolor="white", linewidth=0.3)
    axes.set_yticks(range(len(tracks)), [names[tid].split(" (")[0] for tid in tracks])
    axes.invert_yaxis()
    axes.set_xlim(0, (end - begin) / 1e6)
    axes.set_xlabel("seconds")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(left=False)


def main():
    trace, picture, *rest = sys.argv[1:]
    figure, axes = pyplot.subplots(figsize=(11, 3.6), dpi=120)
    draw(read_events(trace), int(rest[0]) if rest else 1, axes)
    shown = [phase for phase in COLOURS if phase != "other"]
    figure.legend(handles=[Patch(facecolor=COLOURS[phase], label=phase) for phase in shown], loc="upper center",
                  ncols=len(shown), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.93))
    figure.savefig(picture)


if __name__ == "__main__":
    main()
