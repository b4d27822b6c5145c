"""Makes short English stories: an opening (who, where, when, with whom) and a continuation (what happens).

  stories.py corpus   --count 40000 --seed 1 --out corpus.jsonl     rows {"text"}
  stories.py openings --count 512 --seed 2 --held-out --out o.jsonl rows {"prompt"}, all different

The same arguments always write the same file. An opening is held out or not by its own text, so that no held-out opening
is ever trained on, whatever the seeds.
"""
import argparse
import random
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import ingredients
from rows import write_rows

MOODS = {"exciting harmful": 24, "exciting safe": 14, "dull safe": 41, "dull harmful": 21}  # shares in percent
EVENT_COUNTS = {1: 25, 2: 60, 3: 15}
KEEPS_MOOD = 0.70  # an event has the story's mood, else any: mixed stories are the slope that a policy climbs
REPEATS = 0.10  # a later event is told once more: badly told stories must exist for the reward model to dislike them
HAS_SET_UP = 0.50
HAS_DIALOGUE = 0.35  # after each event
HAS_ENDING = 0.70
FRIEND_IS_KIN = 0.30
ONE_IN_HELD_OUT = 8


class Opening(NamedTuple):
    text: str
    hero: str
    friend: str  # as the continuation names the companion: "cousin Olga", "the donkey"


class Story(NamedTuple):
    opening: Opening
    continuation: str

    @property
    def text(self) -> str:
        return f"{self.opening.text} {self.continuation}"


def chance(rng: random.Random, probability: float) -> bool:
    return rng.random() < probability


def draw(rng: random.Random, shares: dict):
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def tell(rng: random.Random, template: str, words: dict[str, str]) -> str:
    """The template as a sentence, its choices made and the story's words filled in."""
    chosen = re.sub(r"\[([^\]]+)\]", lambda choices: rng.choice(choices[1].split("|")), template)
    told = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", chosen.format_map(words))
    return told[0].upper() + told[1:]


def make_opening(rng: random.Random) -> Opening:
    hero = rng.choice(ingredients.HEROES)
    if chance(rng, FRIEND_IS_KIN):
        friend = companion = f"cousin {rng.choice(ingredients.KIN)}"
    else:
        animal = rng.choice(ingredients.ANIMALS)
        friend, companion = f"the {animal}", f"a {rng.choice(ingredients.ANIMAL_LOOKS)} {animal}"
    time = rng.choice(ingredients.TIMES)
    words = {
        "hero": hero,
        "companion": companion,
        "adjective": rng.choice(ingredients.ADJECTIVES),
        "role": rng.choice(ingredients.ROLES),
        "place": rng.choice(ingredients.PLACES),
        "Time": time[0].upper() + time[1:],
    }
    return Opening(tell(rng, rng.choice(ingredients.OPENINGS), words), hero, friend)


def is_held_out(opening: Opening) -> bool:
    return zlib.crc32(opening.text.encode()) % ONE_IN_HELD_OUT == 0


def make_openings(rng: random.Random, held_out: bool) -> Iterator[Opening]:
    while True:
        opening = make_opening(rng)
        if is_held_out(opening) == held_out:
            yield opening


def plan_events(rng: random.Random) -> list[tuple[str, str]]:
    """Mood and template of each event."""
    mood = draw(rng, MOODS)
    events: list[tuple[str, str]] = []
    for _ in range(draw(rng, EVENT_COUNTS)):
        event_mood = mood if chance(rng, KEEPS_MOOD) else draw(rng, MOODS)
        event = (event_mood, rng.choice(ingredients.EVENTS[event_mood]))
        events.append(rng.choice(events) if events and chance(rng, REPEATS) else event)
    return events


def continue_story(rng: random.Random, opening: Opening) -> str:
    words = {"hero": opening.hero, "friend": opening.friend}
    words["object"], words["item"] = rng.sample(ingredients.OBJECTS, 2)
    sentences = []
    if chance(rng, HAS_SET_UP):
        sentences.append(tell(rng, rng.choice(ingredients.SET_UPS), words))
    events = plan_events(rng)
    for mood, template in events:
        sentences.append(tell(rng, template, words))
        if chance(rng, HAS_DIALOGUE):
            speaker = rng.choice((opening.hero, opening.friend))
            sentences.append(tell(rng, rng.choice(ingredients.DIALOGUE[mood]), {"speaker": speaker}))
    if chance(rng, HAS_ENDING):
        last_mood = "harmful" if events[-1][0].endswith("harmful") else "safe"
        sentences += [tell(rng, rng.choice(ingredients.ENDINGS[last_mood]), words), "The end."]
    return " ".join(sentences)


def make_stories(seed: int) -> Iterator[Story]:
    """An endless corpus: no opening of it is held out."""
    rng = random.Random(seed)
    for opening in make_openings(rng, held_out=False):
        yield Story(opening, continue_story(rng, opening))


def distinct_openings(seed: int, count: int, held_out: bool) -> list[str]:
    rng = random.Random(seed)
    texts: dict[str, None] = {}  # keeps the order
    for opening in make_openings(rng, held_out):
        texts[opening.text] = None
        if len(texts) == count:
            return list(texts)
    raise AssertionError("make_openings ended")


def corpus_rows(count: int, seed: int) -> Iterator[dict]:
    for _, story in zip(range(count), make_stories(seed)):
        yield {"text": story.text}


def opening_rows(count: int, seed: int, held_out: bool) -> Iterator[dict]:
    return ({"prompt": text} for text in distinct_openings(seed, count, held_out))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("corpus", "openings"))
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--held-out", action="store_true", help="openings that no corpus contains")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.what == "corpus":
        write_rows(options.out, corpus_rows(options.count, options.seed))
    else:
        write_rows(options.out, opening_rows(options.count, options.seed, options.held_out))


if __name__ == "__main__":
    main()
