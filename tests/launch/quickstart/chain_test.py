"""The quick start's whole chain with a stand-in for `ballast`: which files go where, what is reported, how it fails."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).parents[3]
STAND_IN = Path(__file__).parent / "stand_in.py"


class Chain(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for program in ("ballast", "mpirun"):
            path = self.folder / "bin" / program
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"#!{sys.executable}\n{STAND_IN.read_text()}")
            path.chmod(0o755)

    def run_quickstart(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        files = ["--ballast", str(self.folder / "bin/ballast"), "--output", str(self.folder / "out")]
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(
            [sys.executable, "-B", ROOT / "launch/quickstart/quickstart.py", *files, *arguments],
            env=os.environ | {"PATH": path} | environment, capture_output=True, text=True, check=False,
        )

    def test_all_claims_hold_and_everything_is_written(self):
        run = self.run_quickstart("--quick")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertEqual(run.stdout.count("  held  "), 10)
        summary = json.loads((self.folder / "out/summary.json").read_text())
        self.assertEqual(summary["cost_limit"], -3)
        self.assertEqual(summary["lambda"], [0.2, 0.5, 0.3, 0.1])
        self.assertAlmostEqual(summary["ppo"]["cost"], 4.05)
        self.assertEqual([summary[model]["harmful_rate"] for model in ("ppo", "ppo_lag")], [1.0, 0.0])
        self.assertTrue(all(claim["held"] for claim in summary["claims"]))
        page = (self.folder / "out/report.html").read_text()
        self.assertEqual(page.count("data:image/png"), 4)
        self.assertIn("A dragon laughed", page)

    def test_several_seeds_make_one_table(self):
        run = self.run_quickstart("--quick", "--seeds", "2")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        table = (self.folder / "out/table.md").read_text().splitlines()
        self.assertEqual(len(table), 2 + 2 * 3)
        self.assertIn("| 2 | PPO-Lag |", table[-1])

    def test_a_path_that_does_not_exist_is_refused_before_anything_runs(self):
        run = self.run_quickstart("--prompts", "no/such.jsonl")
        self.assertEqual((run.returncode, run.stdout), (2, ""))
        self.assertIn("no/such.jsonl does not exist", run.stderr)

    def test_an_earlier_run_is_moved_aside(self):
        (self.folder / "out").mkdir()
        (self.folder / "out/note").write_text("mine")
        self.assertEqual(self.run_quickstart("--quick").returncode, 0)
        self.assertEqual((self.folder / "out.1/note").read_text(), "mine")
        self.assertFalse((self.folder / "out/note").exists())

    def test_a_broken_step_ends_it_with_the_commands_own_words(self):
        run = self.run_quickstart("--quick", BROKEN_VERB="score")
        self.assertEqual(run.returncode, 1)
        self.assertIn("helpful failed with exit code 1", run.stderr)
        self.assertIn("the verb is broken", run.stderr)
        self.assertFalse((self.folder / "out/summary.json").exists())

    def test_prompts_of_a_file_are_used(self):
        prompts = self.folder / "prompts.jsonl"
        prompts.write_text("".join(json.dumps({"prompt": f"Prompt {i}"}) + "\n" for i in range(300)))
        run = self.run_quickstart("--quick", "--prompts", str(prompts), "--model", str(self.folder))
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        told = (self.folder / "out/evaluation/base.jsonl").read_text().splitlines()
        self.assertTrue(all(json.loads(row)["prompt"].startswith("Prompt ") for row in told))


if __name__ == "__main__":
    unittest.main()
