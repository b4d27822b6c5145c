"""A run of six ranks must end by itself, soon and with a reason, whatever dies.

Usage: death_test.py MPIRUN BALLAST. Starts the smoke run under plain mpirun, lets it iterate, then kills each rank, stops
one, and kills mpirun itself. Every time: the run ends within 10 s, the exit code is not zero, the message names rank, host,
role and last command, and no process is left.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

RANKS = 6
END_WITHIN_S = 10.0
START_WITHIN_S = 60.0
ROLES = ["actor", "reference", "reward", "cost", "reward_critic", "cost_critic"]
CONFIG = "configs/smoke/ppo_lag.yaml"


class Run:
    """One smoke run that would go on for very long."""

    def __init__(self, mpirun, ballast, folder):
        self.folder = pathlib.Path(folder)
        self.output = self.folder / "output.txt"
        command = [mpirun, "--oversubscribe", "-n", str(RANKS), ballast, "train", "-c", CONFIG,
                   f"output={self.folder / 'run'}", "iterations=1000000"]
        # A file, never a pipe: what outlives mpirun would hold a pipe open.
        with open(self.output, "w") as output:
            self.mpirun = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        self.wait_for_iterations()
        self.ranks = self.find_ranks()

    def text(self):
        return self.output.read_text(errors="replace")

    def wait_for_iterations(self):
        deadline = time.monotonic() + START_WITHIN_S
        while "iteration 2/" not in self.text():
            assert self.mpirun.poll() is None, f"the run ended by itself:\n{self.text()}"
            assert time.monotonic() < deadline, f"no iteration within {START_WITHIN_S} s:\n{self.text()}"
            time.sleep(0.05)

    def find_ranks(self):
        """Rank -> pid, from the environment that the launcher gave its children."""
        ranks = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError):
                continue
            rank = [v for v in environment if v.startswith(b"PMIX_RANK=")]
            if rank and parent == self.mpirun.pid:
                ranks[int(rank[0].split(b"=")[1])] = int(entry.name)
        assert sorted(ranks) == list(range(RANKS)), f"found ranks {ranks}"
        return ranks

    def alive(self):
        return [pid for pid in [*self.ranks.values(), self.mpirun.pid] if is_running(pid)]

    def end(self):
        """Waits for the end of every process; returns the seconds that took."""
        begin = time.monotonic()
        while self.mpirun.poll() is None or self.alive():
            if time.monotonic() - begin > END_WITHIN_S:
                left = self.alive()
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"still running after {END_WITHIN_S} s: {left}\n{self.text()}")
            time.sleep(0.02)
        return time.monotonic() - begin


def is_running(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def check_message(text, rank):
    host = re.escape(socket.gethostname())
    pattern = rf"rank {rank} \({host}, {ROLES[rank]}\b[^)]*\).*last command: \w+"
    assert re.search(pattern, text), f"no message matches {pattern!r}:\n{text}"


def check_end(name, run, rank, text_of=Run.text):
    seconds = run.end()
    assert run.mpirun.returncode != 0, "the exit code is 0"
    check_message(text_of(run), rank)
    print(f"{name}: ended after {seconds:.1f} s, exit code {run.mpirun.returncode}", flush=True)


def failure_file(run):
    return (run.folder / "run" / "failure.txt").read_text()


def main():
    mpirun, ballast = sys.argv[1:3]
    cases = [(f"kill -9 of rank {rank}", rank, signal.SIGKILL, Run.text) for rank in range(RANKS)]
    cases += [(f"SIGSTOP of rank {rank}", rank, signal.SIGSTOP, Run.text) for rank in (0, 3)]
    for name, rank, sent, text_of in cases:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(mpirun, ballast, folder)
            os.kill(run.ranks[rank], sent)
            check_end(name, run, rank, text_of)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(mpirun, ballast, folder)
        os.kill(run.mpirun.pid, signal.SIGKILL)
        check_end("kill -9 of mpirun", run, 0, failure_file)  # stderr went with mpirun
    print(f"{len(cases) + 1} passed, 0 failed")


if __name__ == "__main__":
    main()
