"""The report of tests/gpu/run.sh on results that are made up.

Usage: report_test.py
"""
import json
import pathlib
import subprocess
import sys
import tempfile

SCRIPT = pathlib.Path(__file__).with_name("report.py")
DOCUMENT = "# Benchmarks\n\n<!-- gpu: begin (by a script) -->\n*Not yet measured.*\n<!-- gpu: end -->\n\nafter\n"


def report(folder, results, document=DOCUMENT):
    target = folder / "benchmarks.md"
    target.write_text(document)
    for name, value in results.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    result = subprocess.run([sys.executable, SCRIPT, folder, target], capture_output=True, text=True, check=False)
    return result, target.read_text()


def bench(*works):
    works = [dict(zip(("name", "tokens_per_second", "share_of_limit", "mfu", "hbm_share"), work)) for work in works]
    return {"commit": "abc1234", "date": "2026-11-21T18:00:00Z", "results": {"works": works}}


def test_figures_stand_between_the_markers_beside_those_of_others(folder):
    results = {"train": bench(("train", 30000.0, 0.456, 0.4, 0.1)), "peers": {"train": {"tokens_per_second": 20000.0}}}
    result, text = report(folder, results)
    assert result.returncode == 0, result.stderr
    assert text.startswith("# Benchmarks\n\n<!-- gpu: begin (by a script) -->\n") and text.endswith("<!-- gpu: end -->\n\nafter\n")
    assert "| train | 30,000 tokens/s | 46 % | 40 % | 10 % | 1.50x |" in text and "commit abc1234, 2026-11-21" in text, text
    assert "| generate | *not yet measured* |" in text and "| iteration | *not yet measured* |" in text, text


def test_a_gpu_without_known_peaks_has_no_mfu(folder):
    result, text = report(folder, {"train": bench(("train", 30000.0, 0.456))})
    assert result.returncode == 0 and "| train | 30,000 tokens/s | 46 % |  |  |  |" in text, text


def test_without_results_nothing_is_claimed(folder):
    result, text = report(folder, {})
    assert result.returncode == 0 and "*not yet measured*" in text and "tokens/s" not in text, text


def test_a_document_without_markers_is_left_alone(folder):
    result, text = report(folder, {}, document="nothing here\n")
    assert result.returncode == 1 and "found no marker lines" in result.stderr and text == "nothing here\n"


for name, test in list(globals().items()):
    if name.startswith("test_"):
        with tempfile.TemporaryDirectory() as scratch:
            test(pathlib.Path(scratch))
        print(f"{name}: ok")
