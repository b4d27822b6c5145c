"""Writes the figures of tests/gpu/run.sh into docs/benchmarks.md, between the two marker lines.

Usage: report.py RESULTS benchmarks.md    RESULTS has the JSON files of `ballast bench` and of peers.py
"""
import json
import pathlib
import re
import subprocess
import sys

MARKERS = re.compile(r"(<!-- gpu: begin[^\n]*-->\n).*(<!-- gpu: end -->)", re.DOTALL)
ABSENT = "*not yet measured*"


def read(path):
    return json.loads(path.read_text()) if path.is_file() else None


def gpu_name():
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown GPU"


def works_of(report):
    """Each kind of work that was measured."""
    return [] if report is None else report["results"].get("works", [])


def percent(share):
    return "" if share is None else f"{100 * share:.0f} %"


def row_of(work, peer):
    """MFU and the share of HBM bandwidth are there for GPUs whose peaks ballast knows."""
    speed = work["tokens_per_second"]
    return [work["name"], f"{speed:,.0f} tokens/s", percent(work["share_of_limit"]), percent(work.get("mfu")),
            percent(work.get("hbm_share")), f"{speed / peer:.2f}x" if peer else ""]


def rows(results):
    peers = read(results / "peers.json") or {}
    for verb in ("generate", "score", "train"):
        works = works_of(read(results / f"{verb}.json"))
        if not works:
            yield [verb, ABSENT, "", "", "", ""]
        for work in works:
            yield row_of(work, peers.get(work["name"], {}).get("tokens_per_second"))
    iteration = read(results / "iteration.json")
    seconds = iteration and iteration["results"].get("seconds_median")
    yield ["iteration", f"{seconds:.1f} s" if seconds else ABSENT, "", "", "", ""]


def section(results):
    reports = [report for report in map(read, sorted(results.glob("*.json"))) if report and "commit" in report]
    if not reports:
        return f"{ABSENT}\n"
    lines = [f"{gpu_name()}; commit {reports[0]['commit']}, {reports[0]['date'][:10]}, `bash tests/gpu/run.sh`", "",
             "| Llama 1.1B, bfloat16 | ballast | of the limit | MFU | of HBM bandwidth | of transformers' or PyTorch's speed |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(results)]
    return "\n".join(lines) + "\n"


def main():
    results, document = map(pathlib.Path, sys.argv[1:3])
    text = document.read_text()
    if not MARKERS.search(text):
        sys.exit(f"{document}: found no marker lines '<!-- gpu: begin -->' and '<!-- gpu: end -->'")
    new = section(results)
    document.write_text(MARKERS.sub(lambda match: match[1] + new + match[2], text))
    print(new)


if __name__ == "__main__":
    main()
