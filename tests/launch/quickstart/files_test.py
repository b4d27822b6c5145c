"""What the quick start writes between its commands: prompts, pairs, figures, the report."""
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "launch" / "quickstart"))
from figures import figures_of  # noqa: E402
from pairs import twos, untied_pairs, write_pairs  # noqa: E402
from prompts import NotEnoughPrompts, PromptCounts, file_prompts, story_prompts  # noqa: E402
from rows import read_rows, write_rows  # noqa: E402
from runner import Command, CommandFailed, Runner  # noqa: E402


def labelled(prompt: str, helpful: float, harmful: float, sample: int = 0) -> dict:
    return {"prompt": prompt, "sample": sample, "text": f" {sample}", "helpful": helpful, "harmful": harmful}


class WithFolder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)


class Pairs(WithFolder):
    def test_a_pair_says_which_is_better_and_which_is_safer(self):
        (pair,) = untied_pairs([(labelled("p", 3.5, 0, sample=0), labelled("p", 5.0, 4, sample=1))], "helpful")
        self.assertEqual((pair["response_0"], pair["response_1"]), (" 0", " 1"))
        self.assertEqual((pair["better_response_id"], pair["safer_response_id"]), (1, 0))
        self.assertEqual((pair["is_response_0_safe"], pair["is_response_1_safe"]), (True, False))

    def test_ties_are_left_out_by_each_label_for_itself(self):
        samples = [(labelled("p", 3.5, 0), labelled("p", 5.0, 0))]
        self.assertEqual(len(untied_pairs(samples, "helpful")), 1)
        self.assertEqual(len(untied_pairs(samples, "harmful")), 0)

    def test_a_sample_without_its_partner_is_left_out(self):
        samples = [labelled("p", 1, 0, sample=0), labelled("q", 1, 0, sample=1), labelled("r", 1, 0, 0), labelled("r", 1, 0, 1)]
        self.assertEqual([(first["prompt"], second["prompt"]) for first, second in twos(samples)], [("r", "r")])

    def test_a_held_out_prompt_is_in_no_training_file(self):
        samples = [labelled(f"p{row // 2}", row % 3, row % 5, row % 2) for row in range(280)]
        write_rows(self.folder / "labelled.jsonl", samples)
        write_pairs(self.folder / "labelled.jsonl", self.folder)
        prompts = {name: {row["prompt"] for row in read_rows(self.folder / f"{name}.jsonl")}
                   for name in ("reward_train", "reward_held_out", "cost_train", "cost_held_out")}
        self.assertTrue(all(prompts.values()))
        held_out = prompts["reward_held_out"] | prompts["cost_held_out"]
        self.assertFalse(held_out & (prompts["reward_train"] | prompts["cost_train"]))


class Prompts(WithFolder):
    def test_the_three_sets_share_no_prompt_and_evaluation_is_the_same_for_all_seeds(self):
        counts = PromptCounts(preference=30, policy=40, evaluation=20)
        first, second = story_prompts(counts, seed=1), story_prompts(counts, seed=2)
        self.assertEqual([len(part) for part in first], list(counts))
        self.assertEqual(len({text for part in first for text in part}), sum(counts))
        self.assertEqual(first[2], second[2])
        self.assertFalse(set(first[1]) & set(second[1]))

    def test_a_short_file_is_shared_out(self):
        write_rows(self.folder / "prompts.jsonl", [{"prompt": f"Prompt {i % 200}"} for i in range(400)])
        parts = file_prompts(self.folder / "prompts.jsonl", PromptCounts(preference=400, policy=500, evaluation=100), seed=1)
        self.assertEqual(len({text for part in parts for text in part}), 200)
        self.assertEqual([len(part) for part in parts], [80, 100, 20])

    def test_a_file_with_too_few_prompts_is_refused_with_the_number_found(self):
        write_rows(self.folder / "prompts.jsonl", [{"prompt": "one"}, {"other": "two"}])
        with self.assertRaisesRegex(NotEnoughPrompts, "found 1 different prompts.*at least 128"):
            file_prompts(self.folder / "prompts.jsonl", PromptCounts(4, 4, 4), seed=1)


class Figures(unittest.TestCase):
    def test_means_standard_errors_shares_and_perplexity(self):
        base = {"reward": 1.0, "helpful": 4.0, "log_prob": -2.0, "tokens": 2, "finish_reason": "eos"}
        rows = [base | {"cost": -1.0, "harmful": 1}, base | {"cost": 3.0, "harmful": 2, "finish_reason": "length"}]
        figures = figures_of(rows)
        self.assertEqual((figures["reward"], figures["cost"], figures["harmful_rate"]), (1.0, 1.0, 0.5))
        self.assertAlmostEqual(figures["cost_se"], 2.0)
        self.assertAlmostEqual(figures["perplexity"], 2.718281828)
        self.assertEqual(figures["ended_rate"], 0.5)


class Commands(WithFolder):
    def test_a_failure_is_reported_with_the_end_of_its_output(self):
        runner = Runner(self.folder)
        with self.assertRaisesRegex(CommandFailed, r"(?s)broken failed with exit code 3.*broken\.log.*last words"):
            runner.run(Command("broken", ["sh", "-c", "echo last words; exit 3"]))

    def test_a_program_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(CommandFailed, "no-such-program cannot be run: No such file or directory; .*quickstart.sh"):
            Runner(self.folder).run(Command("missing", ["no-such-program"]))

    def test_when_one_fails_the_others_are_ended(self):
        runner = Runner(self.folder)
        with self.assertRaises(CommandFailed):
            runner.run(Command("broken", ["false"]), Command("endless", ["sleep", "1000"]))


try:
    import report
except ImportError:  # matplotlib comes with launch/setup.sh
    report = None


@unittest.skipIf(report is None, "matplotlib is not installed")
class Report(WithFolder):
    def make_run(self, name: str, constrained: bool) -> Path:
        run = self.folder / name
        run.mkdir()
        limit = "lambda:\n  init: 0.2\n  max: null\n  cost_limit: -3\nstream:\n  init: 7\n" if constrained else "seed: 1\n"
        (run / "config.yaml").write_text(limit)
        steps = [{"iteration": i // 2, "train/reward": i, "train/kl_divergence": 0.1} for i in range(6)]
        for step in steps if constrained else []:
            step |= {"train/cost": -1.0, "train/lambda": 0.2}
        write_rows(run / "metrics.jsonl", steps)
        return run

    def test_metrics_are_means_by_iteration(self):
        self.assertEqual(report.by_iteration(self.make_run("lag", True), "train/reward"), [0.5, 2.5, 4.5])

    def test_settings_are_those_of_lambda(self):
        run = self.make_run("lag", True)
        self.assertEqual([report.setting(run, key) for key in ("init", "max", "cost_limit")], [0.2, None, -3.0])
        self.assertIsNone(report.setting(self.make_run("ppo", False), "cost_limit"))

    def test_the_page_holds_its_charts_and_escapes_its_texts(self):
        runs = [self.make_run("lag", True), self.make_run("ppo", False)]
        page = report.write_report(runs, self.folder / "out", "a run", {"Results": "a < b"}).read_text()
        self.assertEqual(page.count("data:image/png;base64,"), 4)
        self.assertIn("a &lt; b", page)
        self.assertNotIn("http", page)
        self.assertEqual({png.name for png in (self.folder / "out").glob("*.png")},
                         {"reward.png", "cost.png", "lambda.png", "kl.png"})

    def test_a_run_without_cost_has_no_cost_chart(self):
        report.write_report([self.make_run("ppo", False)], self.folder / "out", "a run", {})
        self.assertEqual({png.name for png in (self.folder / "out").glob("*.png")}, {"reward.png", "kl.png"})


if __name__ == "__main__":
    unittest.main()
