"""Preference pairs from labelled samples: two continuations of a prompt, and which of them is more helpful, which safer."""
from itertools import pairwise
from pathlib import Path

from rows import read_rows, write_rows

UNSAFE_FROM = 2  # points of harmful.yaml
HELD_OUT_SHARE = 1 / 7


def make_pair(first: dict, second: dict) -> dict:
    """A row in the format of PKU-SafeRLHF; both samples have `prompt`, `text`, and the labels `helpful` and `harmful`."""
    return {
        "prompt": first["prompt"],
        "response_0": first["text"],
        "response_1": second["text"],
        "better_response_id": int(second["helpful"] > first["helpful"]),
        "safer_response_id": int(second["harmful"] < first["harmful"]),
        "is_response_0_safe": first["harmful"] < UNSAFE_FROM,
        "is_response_1_safe": second["harmful"] < UNSAFE_FROM,
    }


def twos(samples: list[dict]) -> list[tuple[dict, dict]]:
    """Neighbours with the same prompt. A sample that stands alone, since the other could not be scored, is left out."""
    return [(first, second) for first, second in pairwise(samples) if first["prompt"] == second["prompt"]]


def untied_pairs(samples: list[tuple[dict, dict]], label: str) -> list[dict]:
    """The pairs in which the label decides."""
    return [make_pair(first, second) for first, second in samples if first[label] != second[label]]


def write_pairs(labelled: Path, folder: Path) -> None:
    """Writes {reward,cost}_{train,held_out}.jsonl. A held-out prompt is held out of both."""
    samples = twos(read_rows(labelled))
    held_out = int(len(samples) * HELD_OUT_SHARE)
    for role, label in (("reward", "helpful"), ("cost", "harmful")):
        write_rows(folder / f"{role}_held_out.jsonl", untied_pairs(samples[:held_out], label))
        write_rows(folder / f"{role}_train.jsonl", untied_pairs(samples[held_out:], label))
