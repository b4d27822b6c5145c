"""Runs the quick start's commands: says what runs, keeps each one's output in a log, and stops at the first failure."""
import shlex
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

LINES_OF_A_FAILURE = 15
SET_UP = "launch/quickstart.sh sets up and builds what is needed"


class Command(NamedTuple):
    name: str  # of its log
    arguments: list[str]


class CommandFailed(Exception):
    """A sentence for the user, with the end of the command's output."""


class Runner:
    def __init__(self, logs: Path):
        self.logs = logs
        self.started = time.monotonic()

    def elapsed(self) -> float:
        """Seconds since the quick start began."""
        return time.monotonic() - self.started

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(self.elapsed()), 60)
        print(f"[{minutes}:{seconds:02}] {text}", flush=True)

    def run(self, *commands: Command) -> None:
        """Runs the commands at the same time and waits for all. Raises CommandFailed if one fails; the others are ended."""
        self.logs.mkdir(parents=True, exist_ok=True)
        running = [(command, self._start(command)) for command in commands]
        try:
            for command, process in running:
                if process.wait() != 0:
                    raise CommandFailed(self._failure_of(command, process.returncode))
        finally:
            for _, process in running:
                if process.poll() is None:
                    process.terminate()
                    process.wait()

    def _log_of(self, command: Command) -> Path:
        return self.logs / f"{command.name}.log"

    def _start(self, command: Command) -> subprocess.Popen:
        print(f"         $ {shlex.join(command.arguments)}", flush=True)
        with self._log_of(command).open("w") as log:
            try:
                return subprocess.Popen(command.arguments, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            except OSError as error:
                raise CommandFailed(f"{command.arguments[0]} cannot be run: {error.strerror}; {SET_UP}") from error

    def _failure_of(self, command: Command, exit_code: int) -> str:
        log = self._log_of(command)
        last_lines = log.read_text(errors="replace").splitlines()[-LINES_OF_A_FAILURE:]
        return "\n".join([f"{command.name} failed with exit code {exit_code}; its output is in {log}:", *last_lines])
