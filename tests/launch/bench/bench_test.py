"""Every verb of `ballast bench` runs on a tiny shape, says what its JSON says, and refuses nonsense in one sentence.

Usage: bench_test.py BALLAST
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SHAPE = ["--shape", "hidden=32,layers=2,heads=4,kv_heads=2,intermediate=48,vocab=64", "--batch", "16", "--prompt", "4",
         "--new", "6", "--repeats", "2"]
CHECKPOINT = "tests/golden/safe_rlhf/e2e-ppo-lag/actor"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=100, check=False)


def bench(ballast, folder, verb, *arguments):
    """Table and results of a run that must succeed."""
    report = folder / f"{verb}.json"
    result = run(ballast, "bench", verb, "--json", report, *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
    written = json.loads(report.read_text())
    assert written["verb"] == verb and written["commit"] and written["date"] and written["machine"]["cores"] > 0, written
    assert written["command_line"][1:3] == ["bench", verb], written
    return result.stdout, written["results"]


def check_works(ballast, folder, verb, names, *arguments):
    table, results = bench(ballast, folder, verb, *arguments)
    assert [work["name"] for work in results["works"]] == names, results
    assert min(results["limits"].values()) > 0, results
    for work in results["works"]:
        assert 0 < work["seconds_minimum"] <= work["seconds_median"], work
        assert abs(work["tokens"] / work["seconds_median"] / work["tokens_per_second"] - 1) < 1e-6, work
        assert f"{work['tokens_per_second']:.0f}" in table, (work, table)
    print(table)


def check_iteration(ballast, folder, ranks):
    output = folder / f"run-{ranks}"
    table, results = bench(ballast, folder, "iteration", *SHAPE, "--ranks", ranks, "--micro-batches", "2", "--output", output,
                           "lambda.cost_limit=-1")
    assert len(results["seconds"]) == 2 and f"{ranks} ranks" in table, (results, table)
    shares = sum(value for name, value in results.items() if name.startswith("share/"))
    assert 0.8 < shares < 1.05, results
    assert 0 < results["idle/reward"] < 1, results
    iterations = [event for event in json.loads((output / "trace.json").read_text()) if event["name"].startswith("iteration")]
    assert len(iterations) == 3, iterations
    assert not (output / "actor").exists(), "a benchmark saved a model"
    print(table)


def check_comm(ballast, folder):
    table, results = bench(ballast, folder, "comm", "--ranks", "3", "--max-bytes", "4096", "--repeats", "3")
    operations = {result["operation"] for result in results}
    assert operations == {"all_reduce", "reduce_scatter", "all_gather", "broadcast", "sendrecv", "barrier"}, operations
    assert all(result["wrong"] == 0 for result in results) and "3 ranks" in table, table
    print(table)


def check_mistakes(ballast, folder):
    cases = [
        (["generate", "--shape", "XL"], ["--shape", "found 'XL'", "llama-1.1b"]),
        (["train", "--shape", "hidden=30,layers=2,heads=4,intermediate=48,vocab=64"], ["hidden"]),
        (["generate", "--model", folder / "nowhere"], [str(folder / "nowhere")]),
        (["generate", "--model", CHECKPOINT, "--new", "5000"], ["--new", "5064", CHECKPOINT]),
        (["score", "--dtype", "float16"], ["--dtype", "float16"]),
        (["score", "--batch", "0"], ["--batch"]),
        (["iteration", *SHAPE, "--ranks", "2", "lambda.inti=1"], ["lambda.inti", "unknown key"]),
        (["iteration", *SHAPE, "iterations=1"], ["iterations", "at least 2"]),
        (["iteration", *SHAPE, "prompts={data: {path: README.md}}"], ["prompts"]),
        (["comm", "--factor", "1"], ["--factor"]),
        (["comm", "--min-bytes", "64", "--max-bytes", "8"], ["--min-bytes", "found 64", "8"]),
        (["train", *SHAPE, "--device", "tpu"], ["--device", "tpu"]),
        (["generate", *SHAPE, "--json", folder / "no" / "such.json"], ["--json", "such.json"]),
    ]
    for arguments, words in cases:
        result = run(ballast, "bench", *arguments)
        assert result.returncode == 2, (arguments, result)
        for word in words:
            assert word in result.stderr, (arguments, result.stderr)
        assert result.stderr.count("ballast: ") <= 1, (arguments, result.stderr)


def main():
    ballast = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        check_works(ballast, folder, "generate", ["prefill", "decode", "generate"], *SHAPE)
        check_works(ballast, folder, "score", ["log-probs", "scores"], *SHAPE, "--dtype", "bfloat16")
        check_works(ballast, folder, "train", ["train"], "--activation-checkpointing", "--model", CHECKPOINT, "--prompt", "4", "--new", "4", "--repeats", "1")
        for ranks in (1, 6):
            check_iteration(ballast, folder, ranks)
        check_comm(ballast, folder)
        check_mistakes(ballast, folder)
    print("every verb runs, every mistake is named")


if __name__ == "__main__":
    main()
