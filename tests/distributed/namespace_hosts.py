"""Several hosts on one machine, as root: network namespaces joined by a bridge, each with a host name of its own.

Names carry this process's id, so that several tests may run at once; what a killed test has left behind, the next one removes.
"""
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import time

SUBNET = "192.0.2.0/24"  # reserved for documentation (RFC 5737), hence nobody's
AGENT = pathlib.Path(__file__).resolve().parent / "enter_host.sh"


class NoHosts(Exception):
    """Why this machine cannot have namespaces, in one sentence."""


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


def pids_in(namespace):
    return [int(pid) for pid in ip("netns", "pids", namespace).split()]


def namespaces():
    return [line.split()[0] for line in ip("netns", "list").splitlines()]


def remove(namespace):
    """Ends what runs in it, whatever it is."""
    for pid in pids_in(namespace):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    ip("netns", "delete", namespace)


def remove_left_behind():
    for namespace in namespaces():
        owner = re.fullmatch(r"ballast(\d+)-\w+", namespace)
        if owner and not pathlib.Path(f"/proc/{owner[1]}").exists():
            remove(namespace)


class NamespaceHosts:
    """A context manager: `count` hosts with eth0 in one subnet and the decoys of `add_decoys`."""

    def __init__(self, count):
        prefix = f"ballast{os.getpid()}"
        self.switch = f"{prefix}-switch"
        self.names = [f"{prefix}-h{i + 1}" for i in range(count)]

    def __enter__(self):
        if os.geteuid() != 0 or shutil.which("ip") is None:
            raise NoHosts(f"network namespaces need root and the program ip; found user {os.geteuid()}, ip {shutil.which('ip')}")
        try:
            remove_left_behind()
            ip("netns", "add", self.switch)
        except subprocess.CalledProcessError as error:
            raise NoHosts(f"this machine does not let its root make network namespaces: {error.stderr.strip()}") from error
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in [*self.names, self.switch]:
            if namespace in namespaces():
                remove(namespace)

    def build(self):
        ip("-n", self.switch, "link", "add", "switch", "type", "bridge")
        ip("-n", self.switch, "link", "set", "switch", "up")
        for i, name in enumerate(self.names):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
            self.add_decoys(i)
            port = f"port{i + 1}"
            ip("-n", self.switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", self.switch, "link", "set", port, "master", "switch", "up")
            self.add_address(name, "eth0", f"192.0.2.{i + 1}/24")

    def add_decoys(self, i):
        """Interfaces that come before eth0 and lead to no other host: a bridge for containers, with the same address on every
        host, and on the first two hosts a cable to nowhere, whose addresses look like one subnet."""
        decoys = {"docker0": "172.17.0.1/16"}
        if i < 2:
            decoys["cable0"] = f"198.51.100.{i + 1}/24"
        for interface, address in decoys.items():
            ip("-n", self.names[i], "link", "add", interface, "type", "bridge")
            self.add_address(self.names[i], interface, address)
            ip("-n", self.names[i], "ntable", "change", "name", "arp_cache", "dev", interface, "retrans", "100")  # ms; else it takes 3 s

    @staticmethod
    def add_address(name, interface, address):
        ip("-n", name, "address", "add", address, "dev", interface)
        ip("-n", name, "link", "set", interface, "up")

    def mpirun(self, mpirun, ranks_each, words):
        """The command line that runs `words` with `ranks_each` ranks on every host, started on the first one. TCP alone, as
        between real hosts: processes of one machine would find shorter ways."""
        command = [mpirun, "--prtemca", "plm_ssh_agent", AGENT, "--prtemca", "prte_if_include", SUBNET,
                   "--mca", "pml", "ob1", "--mca", "btl", "tcp,self", "--mca", "btl_tcp_if_include", SUBNET,
                   "--host", ",".join(f"{name}:{ranks_each}" for name in self.names), "--map-by", f"ppr:{ranks_each}:node:oversubscribe",
                   *words]
        return [str(AGENT), self.names[0], shlex.join(str(word) for word in command)]

    def alive(self):
        return [pid for name in self.names for pid in pids_in(name)]

    def ranks_on(self, host):
        """Rank -> pid on the host with that index, from the environment that the launcher gave them."""
        ranks = {}
        for pid in pids_in(self.names[host]):
            try:
                environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            except OSError:
                continue
            if rank := re.search(rb"(?:^|\0)PMIX_RANK=(\d+)", environment):
                ranks[int(rank[1])] = pid
        return ranks

    def wait_until_empty(self, limit_s):
        """Seconds until no process is left on any host."""
        begin = time.monotonic()
        while left := self.alive():
            assert time.monotonic() - begin < limit_s, f"still running after {limit_s} s: {left}"
            time.sleep(0.02)
        return time.monotonic() - begin
