"""Compares our tokenizers with Hugging Face's on random texts and measures both.

usage: compare_tokenizers.py PROBE TEXTS FOLDER...    exit code 1 when an id or a text differs

tokenizer.model is compared with the Python class LlamaTokenizer, everything else with the fast class that AutoTokenizer
takes. Texts are drawn (seed 0) from words, white space, punctuation, contractions, scripts, emoji sequences, combining
marks, the tokenizer's special tokens, any code point that Python's Unicode version knows, and bytes that are not UTF-8.
"""
import json
import random
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

from tokenizers.normalizers import NFC
from transformers import AutoTokenizer, LlamaTokenizer

WORDS = (
    "the a and Once upon time there was little girl named Lily don't I'LL we've it's they're I'm he'd can't antidisestablishmentarianism "
    "naïve café cafe\u0301 Zoë Straße ǅ ﬁn ſo K İstanbul привет мир Ελληνικά שלום عربي हिन्दी ภาษาไทย 日本語 漢字かな 한국어 \u1112\u1161\u11ab "
    "1 12 123 1234 12345678 3.14 1,000 ½ ² Ⅷ ٣٤ x=1 foo_bar http://a.b/c?d=e&f=g __init__ #include <vector> [INST] << >> {} ;-) ... !!! --"
).split()
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u3000", "\u2003", "\u200b", "\u200d", "\ufeff", "\v", "\f", "\x1c", "\x85", "\u2028", "\u180e", "\x00"]
MARKS = ["👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "e\u0301\u0323", "\u0301", "\u0345", "\u094d", "▁", "▁▁", "Ġ", "'s", "'S", "'ſ", "’s", " '", "''", "\ufffd", "\u212b", "\ud7a3"]


def random_code_point(draw: random.Random) -> str:
    while True:
        character = chr(draw.choice([draw.randrange(0x80), draw.randrange(0x3000), draw.randrange(0x20000), draw.randrange(0x110000)]))
        if unicodedata.category(character) not in ("Cs", "Cn"):
            return character


def is_settled(text: bytes) -> bool:
    """Whether Hugging Face's two normalizers agree: they know different versions of Unicode."""
    read = text.decode("utf-8", errors="replace")
    return NFC().normalize_str(read) == unicodedata.normalize("NFC", read)


def random_settled_text(draw: random.Random, special: list[str]) -> bytes:
    while not is_settled(text := random_text(draw, special)):
        pass
    return text


def random_text(draw: random.Random, special: list[str]) -> bytes:
    parts = []
    for _ in range(draw.choice([0, 1, 2, 3, 5, 8, 20, 40])):
        kind = draw.random()
        if kind < 0.45:
            parts.append(draw.choice(WORDS) + draw.choice(["", " ", " ", " "]))
        elif kind < 0.6:
            parts.append(draw.choice(SPACES) * draw.choice([1, 1, 2, 5]))
        elif kind < 0.7:
            parts.append(draw.choice(MARKS))
        elif kind < 0.8 and special:
            parts.append(draw.choice(["", " ", "  ", "x"]) + draw.choice(special) + draw.choice(["", " ", "\n", "y"]))
        elif kind < 0.97:
            parts.append("".join(random_code_point(draw) for _ in range(draw.choice([1, 2, 6]))))
        else:
            parts.append(draw.choice("ab \n漢") * draw.choice([50, 300]))
    text = "".join(parts).encode()
    if draw.random() < 0.2:
        text = b"".join(bytes([draw.randrange(256)]) if draw.random() < 0.05 else bytes([byte]) for byte in text)
    return text


def reference_of(folder: Path):
    if (folder / "tokenizer.model").exists():
        return LlamaTokenizer.from_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def ask(probe: str, folder: Path, requests: list[dict]) -> list:
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    answer = subprocess.run([probe, str(folder)], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def random_ids(draw: random.Random, vocab_size: int, special: list[int], encoded: list[int]) -> list[int]:
    if draw.random() < 0.5:
        return encoded
    return [draw.choice(special) if special and draw.random() < 0.2 else draw.randrange(vocab_size) for _ in range(draw.randrange(30))]


def differences(probe: str, folder: Path, count: int) -> int:
    reference = reference_of(folder)
    draw = random.Random(0)
    special = sorted(set(reference.all_special_tokens) | set(reference.get_added_vocab()))
    texts = [random_settled_text(draw, special) for _ in range(count)]
    started = time.perf_counter()
    expected_ids = [reference.encode(text.decode("utf-8", errors="replace")) for text in texts]
    reference_seconds = time.perf_counter() - started
    vocab_size = len(reference)
    special_ids = sorted(set(reference.all_special_ids) | set(reference.added_tokens_decoder))
    samples = [random_ids(draw, vocab_size, special_ids, ids) for ids in expected_ids]
    expected_texts = [reference.decode(ids, skip_special_tokens=True) for ids in samples]
    started = time.perf_counter()
    ids = ask(probe, folder, [{"hex": text.hex()} for text in texts])
    seconds = time.perf_counter() - started
    decoded = ask(probe, folder, [{"ids": sample} for sample in samples])
    wrong = 0
    for kind, inputs, expected, found in (("encode", texts, expected_ids, ids), ("decode", samples, expected_texts, decoded)):
        bad = [case for case in zip(inputs, expected, found, strict=True) if case[1] != case[2]]
        wrong += len(bad)
        for given, wanted, got in sorted(bad, key=lambda case: len(case[0]))[:3]:
            print(f"  {kind} {given!r}\n    expected {wanted!r}\n    found    {got!r}")
    tokens = sum(map(len, expected_ids))
    print(
        f"{folder.name}: {count} texts, {tokens} ids, {wrong} differences from {type(reference).__name__}; "
        f"reference {reference_seconds:.2f} s, ours with start and JSON {seconds:.2f} s",
        flush=True,
    )
    return wrong


if __name__ == "__main__":
    total = sum(differences(sys.argv[1], Path(folder), int(sys.argv[2])) for folder in sys.argv[3:])
    sys.exit(1 if total else 0)
