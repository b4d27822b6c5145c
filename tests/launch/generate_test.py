"""`ballast generate`: rows in, rows out, and one sentence for what the user can mend.

Usage: generate_test.py BALLAST
"""
import json
import pathlib
import subprocess
import sys
import tempfile

MODEL = pathlib.Path("tests/golden/safe_rlhf/tiny-llama")
STORIES = pathlib.Path("../shared/data/models/stories260K-hf")
ROWS = [{"input_ids": [3 + i, 40 + 2 * i, 7], "id": f"row {i}"} for i in range(20)]


class Verb:
    def __init__(self, ballast, folder):
        self.ballast, self.folder, self.out = ballast, folder, folder / "out.jsonl"
        self.prompts = self.write("prompts.jsonl", *map(json.dumps, ROWS))

    def write(self, name, *lines):
        path = self.folder / name
        path.write_text("".join(line + "\n" for line in lines))
        return path

    def run(self, *arguments, model=MODEL, prompts=None):
        command = [self.ballast, "generate", "--model", model, "--prompts", prompts or self.prompts, "--out", self.out, *arguments]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)

    def output(self, *arguments, **named):
        result = self.run(*arguments, **named)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "tokens/s" in result.stdout and result.stderr == "", result
        return self.out.read_text()


def rows_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_rows_come_back_in_order_with_what_was_generated(verb):
    out = rows_of(verb.output("--samples", 2, "--max-new-tokens", 9))
    assert [(row["id"], row["sample"]) for row in out] == [(row["id"], s) for row in ROWS for s in (0, 1)]
    for row in out:
        assert row["input_ids"] == ROWS[int(row["id"][4:])]["input_ids"] and "text" not in row
        assert len(row["log_probs"]) == len(row["output_ids"]) and max(row["log_probs"]) <= 0
        ended = row["output_ids"][-1] == 2
        assert row["finish_reason"] == ("eos" if ended else "length") and (ended or len(row["output_ids"]) == 9)
    assert out[0]["output_ids"] != out[1]["output_ids"], "two samples of a prompt are the same"


def test_the_result_depends_on_the_seed_and_not_on_the_batch(verb):
    arguments = ["--max-new-tokens", 12, "--temperature", 0.7, "--top-k", 50, "--top-p", 0.9, "--repetition-penalty", 1.2]
    first = verb.output(*arguments)
    assert verb.output(*arguments, "--batch", 32) == first, "another --batch, other results"
    assert verb.output(*arguments, "--seed", 2) != first, "another seed, the same results"
    alone = rows_of(verb.output(*arguments, prompts=verb.write("one.jsonl", json.dumps(ROWS[0]))))
    assert alone == rows_of(first)[:1], "a row alone has another result"


def test_a_response_ends_where_the_model_has_no_more_positions(verb):
    prompts = verb.write("long.jsonl", json.dumps({"input_ids": [5] * 126}), json.dumps({"input_ids": [5] * 128}))
    out = rows_of(verb.output("--min-new-tokens", 99, prompts=prompts))
    assert [len(row["output_ids"]) for row in out] == [2, 0] and out[1]["finish_reason"] == "length"


def bad_inputs(verb):
    """Arguments, prompts, words that the message must have."""
    by_row = lambda row: verb.write("bad.jsonl", '{"input_ids": [1]}', row)
    yield ["--batch", 20], None, ["--batch", "multiple of 16"]
    yield ["--top-p", 1.5], None, ["--top-p", "1.5"]
    yield ["--temperature", -1], None, ["--temperature"]
    yield ["--prompt-format", "verse"], None, ["--prompt-format", "plain"]
    yield ["--device", "cuda"], None, ["--device: found cuda; th", "allowed here: cpu or auto"]
    yield [], verb.folder / "nowhere.jsonl", ["nowhere.jsonl"]
    yield [], by_row('{"prompt": "Once"}'), ["bad.jsonl:2", "input_ids", "no tokenizer"]
    yield [], by_row("{}"), ["bad.jsonl:2", "input_ids"]
    yield [], by_row('{"input_ids": [320]}'), ["bad.jsonl:2", "found id 320", "0 to 319"]
    yield [], by_row('{"input_ids": ["a"]}'), ["bad.jsonl", "input_ids"]
    yield [], by_row('{"input_ids": []}'), ["bad.jsonl:2", "found 0 tokens"]
    yield [], by_row(json.dumps({"input_ids": [5] * 129})), ["bad.jsonl:2", "found 129 tokens", "1 to 128"]
    yield [], by_row('{"input_ids": [1'), ["bad.jsonl", "2"]


def test_bad_input_is_one_sentence_and_writes_nothing(verb):
    for arguments, prompts, words in bad_inputs(verb):
        check_refused(verb, verb.run(*arguments, prompts=prompts), words)
    check_refused(verb, verb.run(model=verb.folder / "nowhere"), ["nowhere", "config.json"])
    verb.out = verb.folder / "no" / "such" / "folder.jsonl"
    check_refused(verb, verb.run(), ["--out", "folder.jsonl"])


def check_refused(verb, result, words):
    assert result.returncode == 2, (words, result)
    for word in words:
        assert word in result.stderr, f"{word!r} is not in {result.stderr!r}"
    assert not verb.out.exists() and not verb.out.with_suffix(".jsonl.partial").exists(), "something was written"


def test_a_pretrained_model_continues_as_transformers_does(verb):
    if not STORIES.exists():
        print(f"SKIPPED: no {STORIES}")
        return
    expected = json.loads((STORIES / "golden.json").read_text())["greedy_200_from_bos"]
    prompts = verb.write("stories.jsonl", '{"input_ids": [1]}', '{"prompt": "Once upon a time"}')
    out = rows_of(verb.output("--temperature", 0, "--max-new-tokens", len(expected) - 1, model=STORIES, prompts=prompts))
    assert out[0]["output_ids"] == expected[1:], "greedy continuation differs"
    assert ("Once upon a time" + out[1]["text"]).startswith("Once upon a time, there was"), out[1]["text"]
    assert out[0]["text"].lstrip().startswith("Once upon a time, there was"), out[0]["text"]


def main():
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    for test in tests:
        with tempfile.TemporaryDirectory() as name:
            test(Verb(sys.argv[1], pathlib.Path(name)))
        print(f"{test.__name__}: passed")
    print(f"{len(tests)} passed, 0 failed")


if __name__ == "__main__":
    main()
