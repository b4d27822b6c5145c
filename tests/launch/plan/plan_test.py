"""`ballast plan`: what it prints and writes, and how it refuses.

usage: plan_test.py BALLAST
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

BALLAST = sys.argv[1]
SMOKE = "configs/smoke/ppo_lag.yaml"
FAILURES: list[str] = []


def check(holds: bool, sentence: str) -> None:
    if not holds:
        FAILURES.append(sentence)


def plan(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([BALLAST, "plan", *arguments], capture_output=True, text=True, check=False)


def a_plan_has_its_tables(folder: Path) -> None:
    report, trace = folder / "plan.json", folder / "trace.json"
    done = plan("-c", SMOKE, "--cluster", "6xcpu", "--json", str(report), "--trace", str(trace), "--price", "0.05")
    check(done.returncode == 0, f"the smoke job fits on six cores: {done.stderr}")
    for words in ("6 ranks on 1 x 6 cpu", "role", "memory of a rank", "generate", "what an iteration waits for",
                  "inside nodes", "at a price of"):
        check(words in done.stdout, f"the plan says '{words}'")
    found = json.loads(report.read_text())
    check(found["ranks"] == 6 and found["fits"], "the report has ranks and whether they fit")
    check(abs(sum(found["share"].values()) - 1) < 0.01, "shares add up to one")
    events = json.loads(trace.read_text())
    check(any(event["name"] == "Generate" for event in events), "the trace shows the generation")


def overrides_and_lengths_count(folder: Path) -> None:
    seconds = []
    for arguments in ([], ["--response", "8"], ["batch.rollout=64"]):
        report = folder / "one.json"
        plan("-c", SMOKE, "--cluster", "6xcpu", "--json", str(report), *arguments)
        seconds.append(json.loads(report.read_text())["iteration_s"])
    check(seconds[1] < seconds[0] < seconds[2], f"shorter responses take less time, more rows more: {seconds}")


def supervised_jobs_have_plans(folder: Path) -> None:
    for name in ("sft", "reward", "cost"):
        report = folder / f"{name}.json"
        done = plan("-c", f"configs/smoke/{name}.yaml", "--cluster", "2xcpu", "--json", str(report))
        check(done.returncode == 0, f"{name}: {done.stderr}")
        check(json.loads(report.read_text())["phase_s"]["learn"] > 0, f"{name} learns")


def a_search_finds_a_configuration(folder: Path) -> None:
    done = plan("-c", SMOKE, "--cluster", "4xcpu", "placement=auto")
    check(done.returncode == 0, f"the smoke job fits on four cores: {done.stderr}")
    for words in ("placements and layouts", "\n1. ", "\n3. ", "% idle", "waits above all for", "\nplacement:\n  actor: [0"):
        check(words in done.stdout, f"the search says '{words}'")
    settings = [f"placement.{role}={ranks}" for role, ranks in re.findall(r"^  (\w+): (\[.*\])$", done.stdout, re.MULTILINE)]
    settings += [f"{role}.tensor_parallel={shards}"
                 for role, shards in re.findall(r"^(\w+): \{tensor_parallel: (\d+)", done.stdout, re.MULTILINE)]
    check(len(settings) == 12, f"every role has ranks and shards: {settings}")
    again = plan("-c", SMOKE, "--cluster", "4xcpu", *settings)
    check(again.returncode == 0, f"what was found is a configuration: {again.stderr}")


def nothing_is_written_but_what_is_asked_for(folder: Path) -> None:
    plan("-c", SMOKE, "--cluster", "6xcpu", f"output={folder / 'run'}")
    check(not (folder / "run").exists(), "a plan leaves no run folder")


def refusals(folder: Path) -> None:
    broken = folder / "cluster.yaml"
    broken.write_text("memory: -5\n")
    cases = [
        ("a cluster that nobody knows", ["-c", SMOKE, "--cluster", "8xb100"], ["--cluster", "8xb100", "16x8xH100"]),
        ("no cluster", ["-c", SMOKE], ["--cluster"]),
        ("a broken cluster file", ["-c", SMOKE, "--cluster", str(broken)], ["memory", "found -5", "cluster.yaml"]),
        ("a missing configuration", ["-c", "nowhere.yaml", "--cluster", "h100"], ["nowhere.yaml"]),
        ("a setting that is wrong", ["-c", SMOKE, "--cluster", "h100", "batch.mini_batch=12"], ["batch.mini_batch"]),
        ("a placement that is a word", ["-c", SMOKE, "--cluster", "h100", "placement=fastest"], ["placement", "fastest", "auto"]),
        ("a search for one role", ["-c", "configs/smoke/sft.yaml", "--cluster", "h100", "placement=auto"], ["placement", "auto"]),
        ("a rank that the cluster lacks", ["-c", SMOKE, "--cluster", "2xcpu", "placement.actor=[7]"], ["placement.actor"]),
        ("responses that are too long", ["-c", SMOKE, "--cluster", "6xcpu", "--response", "99"], ["99", "batch.max_length"]),
        ("no ranks", ["-c", SMOKE, "--cluster", "6xcpu", "--ranks", "0"], ["--ranks"]),
        ("a report that cannot be written", ["-c", SMOKE, "--cluster", "6xcpu", "--json", str(folder / "no/plan.json")],
         ["--json", "plan.json"]),
        ("a file for the plan of a search", ["-c", SMOKE, "--cluster", "6xcpu", "placement=auto", "--json", str(folder / "p.json")],
         ["--json", "placement: auto"]),
        ("more devices than anybody has", ["-c", SMOKE, "--cluster", "65536x65536xh100"], ["--cluster", "4294967296"]),
        ("a trace that cannot be written", ["-c", SMOKE, "--cluster", "6xcpu", "--trace", str(folder / "no/trace.json")],
         ["--trace", "trace.json"]),
        ("texts that are too long", ["-c", "configs/smoke/sft.yaml", "--cluster", "h100", "--response", "999"], ["999"]),
    ]
    for name, arguments, words in cases:
        done = plan(*arguments)
        check(done.returncode == 2, f"{name}: exit code 2, not {done.returncode}")
        for word in words:
            check(word in done.stderr, f"{name}: '{word}' in the message: {done.stderr}")


def what_does_not_fit_is_named(folder: Path) -> None:
    small = folder / "small.yaml"
    small.write_text("device: toy\ngpu: false\ndevices: 6\nmemory: 1.0e5\n")
    done = plan("-c", SMOKE, "--cluster", str(small))
    check(done.returncode == 2, "a job that does not fit ends with 2")
    check("does not fit: ranks 0" in done.stderr, f"the ranks that it does not fit on are named: {done.stderr}")
    large = ["-c", "configs/alpaca_7b_4x8.yaml", "--cluster", "4x8xH100"]
    check(plan(*large).returncode == 0, "the large job fits")
    done = plan(*large, "actor.zero=false")
    check("enough with actor.zero=true" in done.stderr, f"the smallest change is named: {done.stderr}")


def this_machine_can_be_measured(folder: Path) -> None:
    file = folder / "measured.yaml"
    done = plan("--calibrate", str(file), "--ranks", "2", "--device", "cpu")
    check(done.returncode == 0 and "2 ranks on 1 hosts" in done.stdout, f"two ranks measure: {done.stdout} {done.stderr}")
    done = plan("-c", SMOKE, "--cluster", str(file), "--ranks", "6")
    check(done.returncode == 0 and "this CPU" in done.stdout, f"a plan takes what was measured: {done.stderr}")
    for line in file.read_text().splitlines():
        if line.startswith(("product_share", "memory_share", "memory:")):
            check(float(line.split(":")[1].split("#")[0]) > 0, f"a figure that was measured: {line}")
    before = file.read_text()
    done = plan("--calibrate", str(file), "--device", "cpu")
    check(done.returncode == 2 and "found 1 rank" in done.stderr, f"one rank has no way to another: {done.stderr}")
    check(file.read_text() == before, "what could not be measured leaves the file as it was")
    done = plan("--calibrate", str(folder / "no/cluster.yaml"))
    check(done.returncode == 2 and "--calibrate" in done.stderr, f"a file that cannot be written: {done.stderr}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        a_plan_has_its_tables(folder)
        overrides_and_lengths_count(folder)
        supervised_jobs_have_plans(folder)
        a_search_finds_a_configuration(folder)
        nothing_is_written_but_what_is_asked_for(folder)
        refusals(folder)
        what_does_not_fit_is_named(folder)
        this_machine_can_be_measured(folder)
    print("\n".join(FAILURES) or "every plan is as it should be")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
