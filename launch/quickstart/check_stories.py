"""Is the pretrained model good enough? check_stories.py TOLD.jsonl    (rows of `ballast generate`)

Names: of the people and animals that the continuations name, the share that stand in their openings.
Slips: the share of continuations with three words in a row that no story of the world has, names and objects aside.
"""
import argparse
import itertools
import re
from pathlib import Path

import ingredients
import stories
from rows import read_rows

NAMES_WANTED = 0.95
SLIPS_ALLOWED = 0.10
KNOWN_STORIES = 60_000
BEINGS = {word.lower() for word in (*ingredients.HEROES, *ingredients.KIN, *ingredients.ANIMALS)}


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.lower())


def share_of_right_names(rows: list[dict]) -> float:
    named = [(word, row) for row in rows for word in words_of(row["text"]) if word in BEINGS]
    return sum(word in words_of(row["prompt"]) for word, row in named) / len(named)


def trigrams(text: str) -> set[tuple[str, ...]]:
    """Of words and punctuation, where all beings, and all objects, are one."""
    tokens = re.findall(r'[a-z]+|[.,!?"]', text.lower())
    kinds = ["BEING" if t in BEINGS else "OBJECT" if t in ingredients.OBJECTS else t for t in tokens]
    return set(zip(kinds, kinds[1:], kinds[2:]))


def share_with_slips(rows: list[dict], known_stories: int = KNOWN_STORIES) -> float:
    known: set[tuple[str, ...]] = set()
    for story in itertools.islice(stories.make_stories(seed=999), known_stories):
        known |= trigrams(story.continuation)
    return sum(bool(trigrams(row["text"]) - known) for row in rows) / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("told", type=Path)
    options = parser.parse_args()
    rows = read_rows(options.told)
    names, slips = share_of_right_names(rows), share_with_slips(rows)
    print(f"names right: {names:.3f} (wanted {NAMES_WANTED}); stories with a slip: {slips:.3f} (allowed {SLIPS_ALLOWED})")
    if names < NAMES_WANTED or slips > SLIPS_ALLOWED:
        raise SystemExit("not good enough: try another seed (pretrain.sh seed=2)")


if __name__ == "__main__":
    main()
