"""The shipped story model: small, complete, and it continues openings that it has never seen with clean stories.

usage: story_world_test.py BALLAST
"""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "launch" / "quickstart"
sys.path.insert(0, str(FOLDER))
import check_stories  # noqa: E402
from rows import read_rows, write_rows  # noqa: E402
from stories import opening_rows  # noqa: E402

BALLAST = sys.argv.pop(1)
MODEL = FOLDER / "story_world"
LARGEST = 4_000_000  # bytes


class StoryWorld(unittest.TestCase):
    def test_the_weights_are_small(self):
        self.assertLess((MODEL / "model.safetensors").stat().st_size, LARGEST)

    def test_it_keeps_to_the_names_of_an_unseen_opening_and_makes_few_slips(self):
        with tempfile.TemporaryDirectory() as scratch:
            prompts, told = Path(scratch) / "prompts.jsonl", Path(scratch) / "told.jsonl"
            write_rows(prompts, opening_rows(count=128, seed=11, held_out=True))
            sampling = ["--max-new-tokens", "90", "--temperature", "1", "--seed", "1", "--prompt-format", "plain"]
            files = ["--model", MODEL, "--prompts", prompts, "--out", told]
            subprocess.run([BALLAST, "generate", *files, *sampling], check=True, stdout=subprocess.DEVNULL)
            rows = read_rows(told)
        self.assertGreater(check_stories.share_of_right_names(rows), 0.93)
        self.assertLess(check_stories.share_with_slips(rows), 0.15)
        self.assertGreater(sum(row["finish_reason"] == "eos" for row in rows), 0.95 * len(rows))


if __name__ == "__main__":
    unittest.main()
