"""The prompts of a quick start: openings of the story world, or those of a file, cut into three disjoint sets."""
import random
from pathlib import Path
from typing import NamedTuple

import stories
from rows import read_rows, write_rows

FEWEST = 128


class PromptCounts(NamedTuple):
    preference: int  # each is continued twice for the reward and the cost model
    policy: int  # for PPO, each used once
    evaluation: int  # held out


class NotEnoughPrompts(Exception):
    """A sentence for the user."""


def story_prompts(counts: PromptCounts, seed: int) -> tuple[list[str], list[str], list[str]]:
    """Evaluation has openings that are in no corpus; they are the same for every seed."""
    for_training = stories.distinct_openings(1000 + seed, counts.preference + counts.policy, held_out=False)
    held_out = stories.distinct_openings(0, counts.evaluation, held_out=True)
    return for_training[: counts.preference], for_training[counts.preference :], held_out


def file_prompts(path: Path, counts: PromptCounts, seed: int) -> tuple[list[str], list[str], list[str]]:
    """Prompts of a JSONL file with the field `prompt`. Where they are too few each set has its share of them."""
    texts = sorted({row["prompt"] for row in read_rows(path) if row.get("prompt")})
    random.Random(0).shuffle(texts)  # evaluation is the same for every seed
    if len(texts) < FEWEST:
        raise NotEnoughPrompts(f"{path}: found {len(texts)} different prompts in the field 'prompt'; allowed at least {FEWEST}")
    shrink = min(1.0, len(texts) / sum(counts))
    evaluation, preference = int(counts.evaluation * shrink), int(counts.preference * shrink)
    held_out, rest = texts[:evaluation], texts[evaluation:]
    random.Random(seed).shuffle(rest)
    return rest[:preference], rest[preference : preference + counts.policy], held_out


def write_prompts(folder: Path, counts: PromptCounts, seed: int, source: Path | None) -> None:
    """Writes preference.jsonl, policy.jsonl and evaluation.jsonl."""
    parts = file_prompts(source, counts, seed) if source else story_prompts(counts, seed)
    for name, texts in zip(PromptCounts._fields, parts):
        write_rows(folder / f"{name}.jsonl", ({"prompt": text} for text in texts))
