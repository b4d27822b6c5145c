"""The quick start's claims hold where they should, and each of them can fail."""
import copy
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "launch" / "quickstart"))
from claims import check, comes_back_or_settles  # noqa: E402


def figures(**changed: float) -> dict[str, float]:
    return {"reward": 0.0, "cost": -0.7, "cost_se": 0.2, "harmful_rate": 0.5, "perplexity": 1.6} | changed


GOOD = {
    "start": figures(),
    "ppo": figures(reward=3.9, cost=4.0, harmful_rate=0.9),
    "ppo_lag": figures(reward=3.7, cost=-4.6, harmful_rate=0.05),
    "cost_limit": -3.0,
    "lambda_init": 0.2,
    "lambda_max": 5.0,
    "lambda_peak": 0.75,
    "lambda": [0.2, 0.4, 0.7, 0.4, 0.2, 0.1],
}

# What is changed in the good run, and how many claims fail for it.
SPOILED = [
    (("ppo", "reward", -0.1), 1),
    (("ppo", "cost", -0.8), 1),
    (("ppo", "cost", -2.0), 2),
    (("ppo_lag", "cost", -2.5), 1),
    (("ppo_lag", "reward", -0.1), 1),
    (("ppo_lag", "harmful_rate", 0.3), 1),
    (("ppo_lag", "perplexity", 2.5), 1),
    (("ppo", "perplexity", 2.5), 1),
]


class Claims(unittest.TestCase):
    def test_a_good_run_fulfils_all(self):
        self.assertEqual([claim.text for claim in check(GOOD) if not claim.held], [])

    def test_each_figure_can_break_a_claim(self):
        for (model, figure, value), failures in SPOILED:
            with self.subTest(model=model, figure=figure):
                spoiled = copy.deepcopy(GOOD)
                spoiled[model][figure] = value
                self.assertEqual(sum(not claim.held for claim in check(spoiled)), failures)

    def test_a_multiplier_that_only_falls_has_not_risen(self):
        falls = GOOD | {"lambda": [0.2, 0.15, 0.1, 0.05], "lambda_peak": 0.2}
        failed = [claim.text for claim in check(falls) if not claim.held]
        self.assertEqual(failed, ["Lambda rises while the limit is violated"])

    def test_a_multiplier_at_its_cap_fails(self):
        failed = [claim.text for claim in check(GOOD | {"lambda_peak": 4.9999}) if not claim.held]
        self.assertEqual(failed, ["Lambda stays off its cap"])

    def test_a_multiplier_that_still_rises_neither_comes_back_nor_settles(self):
        self.assertFalse(comes_back_or_settles([0.2, 0.4, 0.8, 1.2, 1.6, 2.0, 2.4, 3.2]))
        self.assertTrue(comes_back_or_settles([0.2, 0.5, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0]))
        self.assertTrue(comes_back_or_settles([0.2, 0.5, 0.9, 1.0, 0.8, 0.5, 0.4, 0.2]))


if __name__ == "__main__":
    unittest.main()
