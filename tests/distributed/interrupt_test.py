"""An interrupted run finishes its iteration, leaves a complete checkpoint and sums up.

Usage: interrupt_test.py MPIRUN BALLAST. Six ranks. Ctrl-C in a terminal (SIGINT to the whole foreground process group) and
SIGINT to one process, for a run that `ballast train --ranks 6` has started and for one of plain mpirun.
"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from checkpoint_test import check_checkpoint

RANKS = 6
CONFIG = "configs/smoke/ppo_lag.yaml"
WITHIN_S = 60.0
INTERRUPTED = 130


class Run:
    """A smoke run that would go on for very long."""

    def __init__(self, command, folder, *settings):
        self.folder = pathlib.Path(folder) / "run"
        self.output = pathlib.Path(folder) / "output.txt"
        words = [*command, "-c", CONFIG, f"output={self.folder}", "iterations=1000000", *settings]
        with open(self.output, "w") as output:
            # A process group of its own, as a shell gives to each command line: Ctrl-C goes to that group.
            self.process = subprocess.Popen(words, stdout=output, stderr=subprocess.STDOUT, process_group=0)
        self.wait_for(lambda: "iteration 2/" in self.text(), "no iteration")

    def text(self):
        return self.output.read_text(errors="replace")

    def wait_for(self, condition, otherwise):
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"{otherwise} within {WITHIN_S} s:\n{self.text()}"
            time.sleep(0.02)

    def interrupt_group(self):
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self):
        try:
            self.process.wait(WITHIN_S)
        finally:
            left = ranks_of(self.folder)
            for pid in left.values():
                os.kill(pid, signal.SIGKILL)
        assert not left, f"ranks outlive the run: {left}\n{self.text()}"
        return self.process.returncode


def ranks_of(run_folder):
    """Rank -> pid of the processes that write this run."""
    ranks = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        rank = [v for v in environment if v.startswith(b"PMIX_RANK=")]
        if rank and f"output={run_folder}".encode() in words:
            ranks[int(rank[0].split(b"=")[1])] = int(entry.name)
    return ranks


def check_stopped_in_order(run):
    text = run.text()
    latest = run.folder / "checkpoints" / "latest"
    iterations = check_checkpoint(latest)
    assert latest.resolve().name == f"{iterations:06}", latest.resolve()
    assert f"interrupted after {iterations} of 1000000 iterations" in text, text
    assert f"in {iterations} iterations; longest on any rank: generate" in text, text
    journal = [json.loads(line) for line in (run.folder / "journal.jsonl").read_text().splitlines()]
    assert journal[-1].items() >= {"iterations": iterations, "checkpoint": f"checkpoints/{iterations:06}"}.items(), journal[-1]
    assert journal[-2]["iteration"] == iterations - 1, "the iteration was not finished"
    assert not (run.folder / "actor").exists(), "an unfinished run has no trained model"
    assert not (run.folder / "failure.txt").exists(), text


def check_finished_checkpoints(run):
    """Whatever has a checkpoint's name is complete. Returns how many there are."""
    finished = sorted((run.folder / "checkpoints").glob("[0-9]*"))
    for folder in finished:
        check_checkpoint(folder)
    return len(finished)


def ctrl_c(own, folder):
    run = Run(own, folder)
    run.interrupt_group()
    assert run.end() == INTERRUPTED, run.text()
    check_stopped_in_order(run)


def signal_to_rank_0(plain, folder):
    run = Run(plain, folder)
    os.kill(ranks_of(run.folder)[0], signal.SIGINT)
    assert run.end() == INTERRUPTED, run.text()
    check_stopped_in_order(run)


def usr1_to_mpirun(plain, folder):
    run = Run(plain, folder, "one_step_ahead=true")  # a rollout is then under way, which nobody learns
    run.process.send_signal(signal.SIGUSR1)
    assert run.end() == INTERRUPTED, run.text()
    check_stopped_in_order(run)


def ctrl_c_twice(own, folder):
    run = Run(own, folder)
    os.kill(ranks_of(run.folder)[4], signal.SIGSTOP)  # a critic: without it no checkpoint gets complete
    run.interrupt_group()
    run.wait_for(lambda: "once more ends it now" in run.text(), "no word about the first Ctrl-C")
    run.interrupt_group()
    assert run.end() not in (0, INTERRUPTED), run.text()
    # mpirun wakes a stopped rank before it kills it, so the checkpoint may still have been written; then all of it.
    check_finished_checkpoints(run)


def ctrl_c_for_plain_mpirun(plain, folder):
    """mpirun kills the ranks within half a second: whatever is left in the run folder is complete."""
    run = Run(plain, folder, "checkpoint.every=1")
    run.interrupt_group()
    assert run.end() != 0, run.text()
    assert check_finished_checkpoints(run) > 0, "no checkpoint before the interruption"


def main():
    mpirun, ballast = sys.argv[1:3]
    plain = [mpirun, "--oversubscribe", "-n", str(RANKS), ballast, "train"]
    own = [ballast, "train", "--ranks", str(RANKS)]
    cases = [(ctrl_c, own), (signal_to_rank_0, plain), (usr1_to_mpirun, plain), (ctrl_c_twice, own),
             (ctrl_c_for_plain_mpirun, plain)]
    for case, command in cases:
        with tempfile.TemporaryDirectory() as folder:
            case(command, folder)
            print(f"{case.__name__}: as promised", flush=True)
    print(f"{len(cases)} passed, 0 failed")


if __name__ == "__main__":
    main()
