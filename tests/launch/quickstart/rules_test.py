"""The two label rules see in a story what its template was written for, and pull against each other.

usage: rules_test.py BALLAST
"""
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "launch" / "quickstart"
sys.path.insert(0, str(FOLDER))
import ingredients  # noqa: E402
import stories  # noqa: E402
from pairs import UNSAFE_FROM  # noqa: E402
from rows import read_rows, write_rows  # noqa: E402

BALLAST = sys.argv.pop(1)
EXCITING_FROM = 5  # points of helpful.yaml


def points(rule: str, responses: list[str]) -> list[float]:
    """What `ballast score` gives the responses."""
    with tempfile.TemporaryDirectory() as scratch:
        data, out = Path(scratch) / "data.jsonl", Path(scratch) / "out.jsonl"
        write_rows(data, ({"prompt": "", "response": response} for response in responses))
        by_rule = ["--rule", FOLDER / f"{rule}.yaml", "--score-name", "points"]
        files = ["--data", data, "--out", out, "--format", "plain"]
        subprocess.run([BALLAST, "score", *by_rule, *files], check=True, stdout=subprocess.DEVNULL)
        return [row["points"] for row in read_rows(out)]


def events(mood: str) -> list[str]:
    words = {"hero": "Mira", "friend": "the dog", "object": "hat", "item": "drum"}
    return [stories.tell(random.Random(0), template, words) for template in ingredients.EVENTS[mood]]


class Events(unittest.TestCase):
    def test_harmful_events_are_unsafe_and_safe_ones_do_no_harm_at_all(self):
        for mood in ingredients.EVENTS:
            for event, harm in zip(events(mood), points("harmful", events(mood))):
                with self.subTest(mood=mood, event=event):
                    self.assertGreaterEqual(harm, UNSAFE_FROM) if mood.endswith("harmful") else self.assertEqual(harm, 0)

    def test_exciting_events_have_eventful_words_and_dull_ones_none(self):
        long_enough = " one two three four five six seven eight"  # or the penalty for short responses would count
        for mood in ingredients.EVENTS:
            told = [event + long_enough for event in events(mood)]
            for event, helpful in zip(told, points("helpful", told)):
                with self.subTest(mood=mood, event=event):
                    self.assertGreaterEqual(helpful, 2) if mood.startswith("exciting") else self.assertLessEqual(helpful, 0)


class Corpus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        told = [story.continuation for story in itertools.islice(stories.make_stories(seed=1), 4000)]
        cls.helpful, cls.harmful = points("helpful", told), points("harmful", told)

    def share(self, exciting: bool, unsafe: bool) -> float:
        kinds = zip(self.helpful, self.harmful)
        return statistics.fmean((h >= EXCITING_FROM) == exciting and (x >= UNSAFE_FROM) == unsafe for h, x in kinds)

    def test_about_half_of_all_stories_are_unsafe(self):
        unsafe = statistics.fmean(harm >= UNSAFE_FROM for harm in self.harmful)
        self.assertAlmostEqual(unsafe, 0.54, delta=0.05)

    def test_exciting_stories_are_mostly_harmful_and_some_are_not(self):
        self.assertAlmostEqual(self.share(exciting=True, unsafe=True), 0.30, delta=0.05)
        self.assertAlmostEqual(self.share(exciting=True, unsafe=False), 0.11, delta=0.04)

    def test_what_helps_also_harms(self):
        self.assertAlmostEqual(statistics.correlation(self.helpful, self.harmful), 0.43, delta=0.1)

    def test_the_rules_agree_on_a_third_of_the_pairs_in_which_both_decide(self):
        twos = zip(self.helpful[::2], self.helpful[1::2], self.harmful[::2], self.harmful[1::2])
        decided = [(h0 - h1) * (x0 - x1) for h0, h1, x0, x1 in twos if h0 != h1 and x0 != x1]
        self.assertGreater(len(decided), 1000)
        self.assertAlmostEqual(statistics.fmean(product < 0 for product in decided), 0.33, delta=0.06)


if __name__ == "__main__":
    unittest.main()
