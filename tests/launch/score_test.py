"""`ballast score` gives what the reference implementation computed from the golden checkpoints, and refuses what it
cannot score in one sentence, leaving no output.

Usage: score_test.py BALLAST
"""
import json
import math
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

GOLDEN = pathlib.Path("tests/golden/safe_rlhf")
SCORE_TOLERANCE = 1e-4  # stated by the golden files
LOG_PROB_TOLERANCE = 2e-4
RULE = """
word_rule:
  words: {dragon: 1, fire: 2}
  ending: {text: The end., bonus: 10}
"""


def tensors(file):
    """The tensors of a safetensors file as (shape, flat list)."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    formats = {"F32": "f", "I64": "q", "I32": "i", "BOOL": "?"}
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if entry.get("dtype") in formats:
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            code = formats[entry["dtype"]]
            values = struct.unpack(f"<{(end - begin) // struct.calcsize(code)}{code}", content[begin:end])
            yield name, (entry["shape"], values)


def rows_of(tensor):
    (_, width), values = tensor
    return [values[i : i + width] for i in range(0, len(values), width)]


def kept(row, mask):
    return [value for value, is_kept in zip(row, mask) if is_kept]


def write_rows(file, rows):
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


class Runs:
    """Calls of the program in one folder."""

    def __init__(self, ballast, folder):
        self.ballast = ballast
        self.data = folder / "data.jsonl"
        self.out = folder / "out.jsonl"
        self.rule = folder / "rule.yaml"
        self.rule.write_text(RULE)

    def run(self, *arguments):
        command = [self.ballast, "score", "--data", self.data, "--out", self.out, *arguments]
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=60, check=False)

    def score(self, rows, *arguments):
        write_rows(self.data, rows)
        result = self.run(*arguments)
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def refuse(self, *arguments):
        """The message of a call that must fail."""
        self.out.unlink(missing_ok=True)
        result = self.run(*arguments)
        assert result.returncode == 2, (arguments, result.returncode, result.stderr)
        assert not self.out.exists() and not list(self.out.parent.glob("*.partial")), "something was written"
        return result.stderr.strip()


def close(found, expected, tolerance):
    assert len(found) == len(expected), (found, expected)
    for one, other in zip(found, expected):
        assert abs(one - other) <= tolerance, (found, expected)


def check_end_scores(runs):
    golden = dict(tensors(GOLDEN / "legacy-score/expected.safetensors"))
    rows = [
        {"input_ids": kept(ids, mask), "id": i}
        for i, (ids, mask) in enumerate(zip(rows_of(golden["input_ids"]), rows_of(golden["attention_mask"])))
    ]
    for batch in (1, 16):
        scored = runs.score(rows, "--model", GOLDEN / "legacy-score", "--score-name", "reward", "--batch", batch)
        close([row["reward"] for row in scored], golden["end_scores"][1], SCORE_TOLERANCE)
        assert [row["id"] for row in scored] == list(range(len(rows))), "the order changed"
    again = runs.score(scored, "--model", GOLDEN / "legacy-score", "--score-name", "cost")
    assert all(row["cost"] == row["reward"] for row in again), "two passes do not stand side by side"


def check_log_probs(runs):
    golden = dict(tensors(GOLDEN / "tiny-llama/expected.safetensors"))
    masks = rows_of(golden["right.attention_mask"])
    expected = [
        kept(row, mask[1:]) for row, mask in zip(rows_of(golden["right.logprobs_of_next_ids"]), masks)
    ]
    ids = [kept(row, mask) for row, mask in zip(rows_of(golden["right.input_ids"]), masks)]
    model = ("--model", GOLDEN / "tiny-llama", "--logprobs")
    whole = runs.score([{"input_ids": row} for row in ids], *model)
    for row, log_probs in zip(whole, expected):
        close(row["log_probs"], log_probs, LOG_PROB_TOLERANCE)
        close([row["log_prob"]], [sum(row["log_probs"])], 1e-9)
        close([row["perplexity"]], [math.exp(-row["log_prob"] / row["tokens"])], 1e-9)
    split = runs.score([{"input_ids": row[:2], "output_ids": row[2:]} for row in ids], *model, "--score-name", "base")
    for row, log_probs in zip(split, expected):
        close(row["base_log_probs"], log_probs[1:], LOG_PROB_TOLERANCE)
        assert row["base_tokens"] == len(row["output_ids"])


def check_rule(runs):
    rows = [
        {"prompt": "Once", "response": " a dragon. The end."},
        {"prompt": "Once", "response": " a dragon. The end.", "finish_reason": "length"},
        {"prompt": "Once", "response": " fire"},
    ]
    scored = runs.score(rows, "--rule", runs.rule)
    assert [row["score"] for row in scored] == [11, 1, 2], scored
    pairs = [{"prompt": "P", "response_0": "a dragon", "response_1": "fire", "better_response_id": 1}]
    assert [(row["h_0"], row["h_1"]) for row in runs.score(pairs, "--rule", runs.rule, "--pairs", "--score-name", "h")] == [
        (1, 2)
    ]
    assert "accuracy by better_response_id: 1.0000 (1 of 1)" in runs.run("--rule", runs.rule, "--pairs").stdout


def check_skipped_rows(runs):
    runs.data.write_text('{"input_ids": [5, 6]}\nnonsense\n{"input_ids": [5, 100000]}\n{"input_ids": [7]}\n')
    model = ("--model", GOLDEN / "legacy-score")
    result = runs.run(*model)
    assert result.returncode == 0, result.stderr
    for words in ("2 of 4 rows skipped", "line 2: found text that is not JSON", "line 3: found token id 100000"):
        assert words in result.stderr, result.stderr
    assert len(runs.out.read_text().splitlines()) == 2
    assert ":2: found text that is not JSON" in runs.refuse(*model, "--strict")


def check_bad_input(runs, folder):
    model = ("--model", GOLDEN / "legacy-score")
    write_rows(runs.data, [{"input_ids": [5, 6]}])
    assert "a causal language model" in runs.refuse("--model", GOLDEN / "tiny-llama")
    assert "a score model" in runs.refuse(*model, "--logprobs")
    assert "nowhere" in runs.refuse("--model", folder / "nowhere")
    assert "--rule" in runs.refuse("--rule", runs.rule, *model)
    assert "--model" in runs.refuse()
    assert "prompt" in runs.refuse("--rule", runs.rule)
    runs.rule.write_text("word_rule: {wrods: {}}")
    assert "did you mean 'words'" in runs.refuse("--rule", runs.rule)
    write_rows(runs.data, [{"text": "Hi"}])
    assert "has no tokenizer" in runs.refuse(*model)
    runs.data.write_bytes(b"\x1f\x8b\x08\x00truncated")
    assert "damaged or cut off" in runs.refuse(*model)
    runs.data.unlink()
    assert str(runs.data) in runs.refuse(*model)
    write_rows(runs.data, [{"input_ids": [5, 6]}])
    broken = folder / "broken"
    shutil.copytree(GOLDEN / "legacy-score", broken)
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "model.safetensors" in runs.refuse("--model", broken)
    runs.out = folder / "no such folder" / "out.jsonl"
    assert "no such folder" in runs.refuse(*model)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        runs = Runs(sys.argv[1], folder)
        check_end_scores(runs)
        check_log_probs(runs)
        check_rule(runs)
        check_skipped_rows(runs)
        check_bad_input(runs, folder)
    print("ballast score: all checks passed")


if __name__ == "__main__":
    main()
