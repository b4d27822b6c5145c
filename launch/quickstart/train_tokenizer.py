"""Trains the story world's tokenizer: train_tokenizer.py CORPUS.jsonl FOLDER

Writes tokenizer.model and tokenizer_config.json. So many pieces that every word of the corpus is one token: the model then
copies a name by copying one token.
"""
import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path

import sentencepiece

from rows import read_rows

PIECES = 1280
SPECIAL_IDS = {"unk_id": 0, "bos_id": 1, "eos_id": 2, "pad_id": 3}
CONFIG = {
    "tokenizer_class": "LlamaTokenizer",
    "legacy": True,
    "add_bos_token": True,
    "add_eos_token": False,
    "clean_up_tokenization_spaces": False,
    "unk_token": "<unk>",
    "bos_token": "<s>",
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "model_max_length": 256,
}


def train(texts: Iterator[str]) -> bytes:
    """The content of tokenizer.model."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=texts,
        model_writer=model,
        model_type="bpe",
        vocab_size=PIECES,
        normalization_rule_name="identity",
        character_coverage=1.0,
        num_threads=1,
        minloglevel=1,
        **SPECIAL_IDS,
    )
    return model.getvalue()


def has_letter(piece: str) -> bool:
    return any(character.isalpha() for character in piece)


def split_words(model: bytes, texts: list[str]) -> list[str]:
    """Words that are more than one token, punctuation aside."""
    tokenizer = sentencepiece.SentencePieceProcessor(model_proto=model)
    words = {word for text in texts for word in text.split()}
    return sorted(word for word in words if sum(map(has_letter, tokenizer.encode(word, out_type=str))) > 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    texts = [row["text"] for row in read_rows(options.corpus)]
    model = train(iter(texts))
    if words := split_words(model, texts):
        raise SystemExit(f"{PIECES} pieces are too few: {', '.join(words)} are more than one token")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "tokenizer.model").write_bytes(model)
    (options.folder / "tokenizer_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n")


if __name__ == "__main__":
    main()
