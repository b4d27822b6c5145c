"""trace.json of a run loads, its tracks are in order, and its numbers are those of journal.jsonl.

Usage: trace_test.py MPIRUN BALLAST. Three iterations of PPO-Lagrangian on 1 and 6 ranks, two of which are to be traced.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

CONFIG = "configs/smoke/ppo_lag.yaml"
RUN = ["iterations=3", "trace.iterations=2", "evaluation={prompts: {random: {}}, every: 1, rows: 8}"]
PHASES = ["generate", "score", "experience", "learn", "transfer", "idle"]
ORCHESTRATOR = 0
CLOSE = 1e-6  # seconds; times are printed to more digits


def run(mpirun, ballast, ranks, output):
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", CONFIG, f"output={output}", *RUN]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    events = json.loads((output / "trace.json").read_text())
    journal = [json.loads(line) for line in (output / "journal.jsonl").read_text().splitlines()]
    return events, journal


def tracks_of(events):
    tracks = {}
    for event in events:
        if event["ph"] == "X":
            tracks.setdefault(event["tid"], []).append(event)
    return tracks


def check_order(slices):
    """One after the other, without a gap."""
    for before, after in zip(slices, slices[1:]):
        assert abs(before["ts"] + before["dur"] - after["ts"]) < 1e6 * CLOSE, (before, after)


def seconds(slices, begin, end, phase):
    return sum(s["dur"] for s in slices if s["cat"] == phase and begin <= s["ts"] + s["dur"] / 2 <= end) / 1e6


def check_iteration(tracks, figures):
    name = f"iteration {figures['iteration']}"
    part, = [s for s in tracks[ORCHESTRATOR] if s["name"] == name]
    begin, end = part["ts"], part["ts"] + part["dur"]
    assert abs(part["dur"] / 1e6 - figures["time/iteration"]) < CLOSE, (part, figures)
    ranks = [slices for track, slices in tracks.items() if track != ORCHESTRATOR]
    for phase in PHASES:
        by_rank = [seconds(slices, begin, end, phase) for slices in ranks]
        share = sum(by_rank) / len(ranks) / figures["time/iteration"]
        assert abs(share - figures[f"share/{phase}"]) < CLOSE, (name, phase, share, figures)
        if phase != "idle":
            assert abs(max(by_rank) - figures[f"time/{phase}"]) < CLOSE, (name, phase, by_rank, figures)
    total = sum(figures[f"share/{phase}"] for phase in PHASES)
    assert 0.9 < total <= 1.0 + CLOSE, (name, total)
    idle = [value for key, value in figures.items() if key.startswith("idle/")]
    assert len(idle) == 6 and all(0.0 <= value < 1.0 for value in idle), figures


def check(events, journal, ranks):
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert len(names) == ranks + 1 and names[0] == "orchestrator" and "actor" in names[-1 if ranks == 1 else 1], names
    tracks = tracks_of(events)
    assert sorted(tracks) == list(range(ranks + 1)), sorted(tracks)
    for slices in tracks.values():
        check_order(slices)
    shown = [s["name"] for s in tracks[ORCHESTRATOR]]
    assert shown == ["evaluation 0", "iteration 0", "evaluation 1", "iteration 1"], shown
    for figures in journal[:2]:
        check_iteration(tracks, figures)
    learns = [s for s in tracks[1] if s["name"] == "Learn actor"]
    assert len(learns) == 4 and all(s["args"]["command"] > 0 for s in learns), learns


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        for ranks in (1, 6):
            check(*run(mpirun, ballast, ranks, pathlib.Path(name) / str(ranks)), ranks)
    print("2 passed, 0 failed")


if __name__ == "__main__":
    main()
