"""A job on three hosts, which are network namespaces of this machine: MPI over TCP, control messages over real addresses.

Usage: hosts_test.py MPIRUN BALLAST. As root; else it prints 'skipped: ' and why. Of the interfaces of rank 0's host the first two lead to
no other host. Six ranks on three hosts leave the same bits as one rank; a rank that is killed on another host ends the job with its
host's name; `control_address` names the one interface, or is refused in a sentence.
"""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

from namespace_hosts import NamespaceHosts, NoHosts

HOSTS = 3
RANKS_EACH = 2
CONFIG = "configs/smoke/ppo_lag.yaml"
WITHIN_S = 60.0
END_WITHIN_S = 10.0
FILES = ["actor/model.safetensors", "reward_critic/model.safetensors", "cost_critic/model.safetensors", "samples.jsonl", "metrics.jsonl"]


class Run:
    """A smoke run on all hosts."""

    def __init__(self, hosts, programs, folder, *settings):
        mpirun, ballast = programs
        self.hosts, self.folder, self.output = hosts, folder / "run", folder / "output.txt"
        words = [ballast, "train", "-c", CONFIG, f"output={self.folder}", *settings]
        # A file, never a pipe: what outlives mpirun would hold a pipe open.
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(hosts.mpirun(mpirun, RANKS_EACH, words), stdout=output, stderr=subprocess.STDOUT,
                                            stdin=subprocess.DEVNULL)

    def text(self):
        return self.output.read_text(errors="replace")

    def wait_for_iterations(self):
        deadline = time.monotonic() + WITHIN_S
        while "iteration 2/" not in self.text():
            assert self.process.poll() is None, f"the run ended by itself:\n{self.text()}"
            assert time.monotonic() < deadline, f"no iteration within {WITHIN_S} s:\n{self.text()}"
            time.sleep(0.05)

    def end(self, within_s=WITHIN_S):
        try:
            exit_code = self.process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"still running after {within_s} s:\n{self.text()}") from error
        self.hosts.wait_until_empty(END_WITHIN_S)
        return exit_code


def check_same_bits(hosts, programs, folder):
    mpirun, ballast = programs
    one = folder / "one"
    subprocess.run([mpirun, "-n", "1", ballast, "train", "-c", CONFIG, f"output={one}", "iterations=3"],
                   capture_output=True, check=True, timeout=WITHIN_S)
    run = Run(hosts, programs, folder, "iterations=3")
    assert run.end() == 0, run.text()
    for name in FILES:
        assert (run.folder / name).read_bytes() == (one / name).read_bytes(), f"{name}: three hosts give other bits than one rank"
    ran_on = json.loads((run.folder / "environment.json").read_text())["hosts"]
    assert ran_on == [name for name in hosts.names for _ in range(RANKS_EACH)], f"the ranks ran on {ran_on}"


def check_death(hosts, programs, folder):
    run = Run(hosts, programs, folder, "iterations=1000000")
    run.wait_for_iterations()
    rank, pid = max(hosts.ranks_on(HOSTS - 1).items())
    os.kill(pid, signal.SIGKILL)
    begin = time.monotonic()
    assert run.end(END_WITHIN_S) != 0, "the exit code is 0"
    message = rf"rank {rank} \({hosts.names[-1]}, cost_critic\).*last command: \w+"
    assert re.search(message, run.text()), f"no message matches {message!r}:\n{run.text()}"
    print(f"kill -9 of rank {rank} on {hosts.names[-1]}: ended after {time.monotonic() - begin:.1f} s", flush=True)


def check_chosen_address(hosts, programs, folder):
    run = Run(hosts, programs, folder, "iterations=1", "control_address=eth0")
    assert run.end() == 0, run.text()


def check_wrong_address(hosts, programs, folder):
    run = Run(hosts, programs, folder, "control_address=eth7")
    assert run.end() == 2, run.text()
    assert "control_address: found eth7; rank 0's host has lo 127.0.0.1/8, docker0 172.17.0.1/16" in run.text(), run.text()
    assert not run.folder.exists(), "something was written"


def main():
    checks = [check_same_bits, check_death, check_chosen_address, check_wrong_address]
    try:
        with NamespaceHosts(HOSTS) as hosts:
            for check in checks:
                with tempfile.TemporaryDirectory() as folder:
                    check(hosts, sys.argv[1:3], pathlib.Path(folder))
    except NoHosts as reason:
        print(f"skipped: {reason}")
        return
    print(f"{len(checks)} passed, 0 failed")


if __name__ == "__main__":
    main()
