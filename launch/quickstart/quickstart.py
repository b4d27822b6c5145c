"""Safe RLHF from end to end in minutes: a small model that tells stories learns to tell exciting ones under a limit on harm.

  quickstart.py                                  the story world, shipped with ballast
  quickstart.py --seeds 3                        three runs; the table of docs/quickstart.md
  quickstart.py --model DIR --prompts FILE.jsonl the same chain on any Hugging Face folder and your prompts

Results lie in runs/quickstart: summary.json, report.html, the runs, and each command's output in logs/. Paths are relative to
the repository. Exit code 3: a claim failed.
"""
import argparse
import itertools
import json
import os
import sys
from pathlib import Path

import tables
from chain import HERE, Chain
from claims import Claim, check
from prompts import NotEnoughPrompts, PromptCounts
from report import by_iteration, by_step, setting, write_report
from runner import CommandFailed, Runner

ROOT = HERE.parents[1]
STORIES_SHOWN = 3
ROLLOUT = 64  # prompts of an iteration, as in configs/quickstart/ppo_lag.yaml
FULL_ITERATIONS = 32
QUICK_ITERATIONS = 16


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ballast", default="build/release/launch/ballast", help="the program (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("runs/quickstart"), help="default: %(default)s")
    parser.add_argument("--model", type=Path, default=Path("launch/quickstart/story_world"), help="default: %(default)s")
    parser.add_argument("--prompts", type=Path, help="JSONL with the field prompt; default: openings of the story world")
    parser.add_argument("--seed", type=int, default=1, help="of everything but the held-out prompts (default: %(default)s)")
    parser.add_argument("--seeds", type=int, help="run so many seeds, from --seed on")
    parser.add_argument("--quick", action="store_true", help="half the iterations, half the evaluation")
    parser.add_argument("--story-tokens", type=int, default=88, help="longest response (default: %(default)s)")
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE", help="settings of both policies, such as ppo.kl_coeff=0.1")
    options = parser.parse_args()
    for path in filter(None, (options.model, options.prompts)):
        if not (ROOT / path).exists():
            parser.error(f"{path} does not exist")
    return options


def make_chain(options: argparse.Namespace, seed: int, folder: Path) -> Chain:
    iterations = QUICK_ITERATIONS if options.quick else FULL_ITERATIONS
    return Chain(
        runner=Runner(folder / "logs"),
        ballast=options.ballast,
        folder=folder,
        model=options.model,
        prompt_source=options.prompts,
        counts=PromptCounts(preference=1792, policy=iterations * ROLLOUT, evaluation=256 if options.quick else 512),
        story_tokens=options.story_tokens,
        seed=seed,
        policy_settings=(f"iterations={iterations}", f"sampling.max_new_tokens={options.story_tokens}", *options.settings),
    )


def run_chain(chain: Chain) -> dict:
    """All steps; returns the summary."""
    say = chain.runner.say
    say("(a) two continuations of each opening, sampled from the model as it is")
    chain.sample()
    say("(b) the rules helpful.yaml and harmful.yaml label them")
    chain.label()
    say("(c) a reward model and a cost model learn from the pairs")
    accuracy = chain.train_preference_models()
    say("    held out: " + ", ".join(f"{name} {value:.3f}" for name, value in accuracy.items()))
    say("(d) PPO-Lagrangian: reward under a limit on cost")
    chain.train_policy("ppo_lag")
    say("(e) plain PPO: the same budget, reward alone")
    chain.train_policy("ppo")
    say("(f) start, PPO and PPO-Lag continue held-out openings")
    evaluated = chain.evaluate()
    run = chain.folder / "ppo_lag"
    return {
        **evaluated,
        **accuracy,
        "cost_limit": setting(run, "cost_limit"),
        "lambda_init": setting(run, "init"),
        "lambda_max": setting(run, "max"),
        "lambda_peak": max(by_step(run, "train/lambda")),
        "lambda": by_iteration(run, "train/lambda"),
        "cost": by_iteration(run, "train/cost"),
        "seed": chain.seed,
    }


def shown_stories(chain: Chain) -> str:
    told = [chain.judged(model)[:STORIES_SHOWN] for model in tables.MODELS]
    blocks = []
    for rows in zip(*told):
        titled = [f"{title}: {row['text'].strip()}" for title, row in zip(tables.MODELS.values(), rows)]
        blocks.append(f"{rows[0]['prompt']}\n{tables.side_by_side(titled)}")
    return "\n\n".join(blocks)


def publish(chain: Chain, summary: dict, claims: list[Claim]) -> None:
    """Prints the results and writes summary.json and report.html."""
    table = tables.plain_table([list(tables.HEADINGS), *tables.result_rows(summary)])
    table += f"\n\nThe cost limit is {summary['cost_limit']:+g}. Points and harmful stories are counted by the rules."
    sections = {"Results": table, "Claims": tables.claim_lines(claims), "Three stories": shown_stories(chain)}
    for heading, text in sections.items():
        print(f"\n{heading}\n{text}")
    record = {**summary, "claims": [claim._asdict() for claim in claims], "seconds": round(chain.runner.elapsed())}
    (chain.folder / "summary.json").write_text(json.dumps(record, indent=2) + "\n")
    runs = [chain.folder / "ppo_lag", chain.folder / "ppo"]
    page = write_report(runs, chain.folder, "ballast quick start", sections)
    print()
    chain.runner.say(f"done; {page} shows the curves, {chain.folder}/summary.json has the figures")


def move_aside(folder: Path) -> None:
    """What lies there already becomes folder.1, or the next free number."""
    if folder.exists():
        numbered = (folder.with_name(f"{folder.name}.{number}") for number in itertools.count(1))
        aside = next(path for path in numbered if not path.exists())
        folder.rename(aside)
        print(f"an earlier quick start was moved from {folder} to {aside}")


def run_seed(options: argparse.Namespace, seed: int, folder: Path) -> dict:
    """One chain from an empty folder; returns its summary."""
    move_aside(folder)
    chain = make_chain(options, seed, folder)
    summary = run_chain(chain)
    claims = check(summary)
    publish(chain, summary, claims)
    return {**summary, "all_held": all(claim.held for claim in claims)}


def run_seeds(options: argparse.Namespace) -> bool:
    """Prints, and writes as table.md, a row for each model and seed. Returns whether all claims held on every seed."""
    seeds = range(options.seed, options.seed + options.seeds)
    summaries = {seed: run_seed(options, seed, options.output / f"seed_{seed}") for seed in seeds}
    rows = [["seed", *tables.HEADINGS]]
    for seed, summary in summaries.items():
        rows += [[str(seed), *row] for row in tables.result_rows(summary)]
    table = tables.markdown_table(rows)
    (options.output / "table.md").write_text(table + "\n")
    print(f"\n{table}")
    return all(summary["all_held"] for summary in summaries.values())


def main() -> int:
    options = parse_options()
    os.chdir(ROOT)
    try:
        all_held = run_seeds(options) if options.seeds else run_seed(options, options.seed, options.output)["all_held"]
    except (CommandFailed, NotEnoughPrompts) as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0 if all_held else 3


if __name__ == "__main__":
    sys.exit(main())
