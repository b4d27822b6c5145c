"""Makes the small tokenizers of this folder and what Hugging Face's classes say of a set of hard texts.

usage: make.py    with transformers 4.57.6, tokenizers 0.22.2, sentencepiece 0.2.3

The tokenizers are trained on the text below, each in the manner of a family: sentencepiece-bpe (Llama 1 and 2, Mistral),
sentencepiece-unigram (no byte fallback, `legacy` false), gpt2, qwen2, llama3. The released tokenizer of Llama 3 was not seen;
its manner is taken from its published regular expression and settings. Each folder's cases.json holds texts with the ids and
the decoded text of LlamaTokenizer (tokenizer.model) or of AutoTokenizer's fast class. released.json holds the ids that
released tokenizers give to texts of ours; they are looked for in ../shared/data and kept as they are when absent.
"""
import json
import random
import shutil
import tempfile
from pathlib import Path

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaTokenizer

HERE = Path(__file__).resolve().parent
RELEASED = HERE.parents[4] / "shared" / "data"

TEXT = """Once upon a time a ship sailed without ballast, and the wind laid it down on its side. "I'm sorry," said the captain,
"we've no weight below." They'd loaded stones by the morning: 12 boxes, 340 sacks, 1500 kg. It's how ships don't turn over!
The harbour master wasn't sure; he'll weigh it again, and you're to wait. Does the keel hold? Yes, it holds, it held, it will
hold. Holding, holder, beholden, household. #include <weights> { return lambda * (cost - limit); } // safe, safer, safest
Größe, naïve, café, Ærøskøbing, señor. Привет, мир. Корабль без балласта. Καλημέρα κόσμε. 船は石を積む。 重い石。 배는 돌을 싣는다.
"""

TEXTS = [
    "", " ", "     ", "\n", "\t", "\r\n", " \n ", "a", " a", "  a", "a ", "a  ", "  a  b   c  ", "a\tb\t\tc", "a\n\nb\r\n\r\nc\n",
    "Once upon a time a ship sailed without ballast.", "once upon a TIME", "The captain's ship; they'LL, WE'VE, I'm, he'd, you're, it'S",
    "''s 's'S ' s 't", "don’t", "'ſ long s and K kelvin", "1", "12", "123", "1234", "1234567890", "3.14159", "1,000,000", "½ ² Ⅷ ٣٤٥",
    "café cafe\u0301", "\u212b A\u030a \u00c5", "\u1112\u1161\u11ab \ud55c", "e\u0323\u0301 e\u0301\u0323", "\u0301alone", "\u0958", "ﬁ ǅ ß ẞ İ",
    "👍", "👍🏽", "👩‍👩‍👧‍👦 family", "🏳️‍🌈🇩🇪", "a👍b", "船は石を積む。", "重い石 と 船", "배는 돌을", "שלום עולם", "مرحبا بالعالم", "Привет, мир",
    "हिन्दी", "ภาษาไทย", "a\u200bb\u200cc\u200dd\ufeffe", "\u00a0nbsp\u00a0\u00a0", "\u3000wide\u2003em\u2028line\u2029", "\x1c\x1f\x85\x0b\x0c", "\u180e",
    "a\x00b", "▁", "▁▁a", "a▁b", "ĠaĊ", "<s>", "</s>", "<unk>", "a<s>b", "a <s> b", "</s></s>", "<s", "s>", "<<s>>", "hello</s> world </s>  again",
    "<pad>", "a <pad> b", "<|endoftext|>", "x<|endoftext|>y", " <|im_start|> user\n<|im_end|>\n", "<|eot_id|><|begin_of_text|>",
    "[LEFT]", "a  [LEFT]  b", "\u00a0[LEFT]", "[RIGHT]", "a  [RIGHT]  b", "[RIGHT]\n\n", "word", "a word here", "awordb", "word.", "a\tword\tb", "words",
    "plain", "explain it", "plainly plain", "Stra\u00dfe", "caf\u00e9!", "cafe\u0301!", "[BOTH]", " \t [BOTH] \n x", "[LEFT][RIGHT] [BOTH]  word",
    "ballastballast", " ballasts", "unballasted", "supercalifragilisticexpialidocious" * 4, "x" * 200, " " * 70 + "x", "ab" * 100, "\n" * 30, "!" * 50 + "?",
    "{ return lambda*(cost-limit); } // safe", "http://a.b/c?d=e&f=g#h", "__init__(self, *args)", "a.b,c;d:e!f?g", " . , ! ? ' n't 'm 's 've 're",
    "\ufffd", "\U0001f468\u200d\U0001f469", "\U0010ffff", "\ue000", "\u0378",
]
NOT_UTF8 = [
    b"\xff", b"a\xffb", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x91", b"\xf0\x9f\x91 \xf0\x9f", b"\xc0\xaf", b"\xe0\x80\xaf",
    b"\xed\xa0\x80", b"\xed\xa0\x80\xed\xb0\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\x80\x80\x80", b"ok \xe6\x97 \xa5 ok", b"</s>\xfe</s>",
]

# Added tokens with every flag; only the last is special.
FLAGGED = [
    AddedToken("[LEFT]", lstrip=True, normalized=False),
    AddedToken("[RIGHT]", rstrip=True, normalized=False),
    AddedToken("word", single_word=True, normalized=False),
    AddedToken("plain", normalized=True),
    AddedToken("cafe\u0301", normalized=True),
    AddedToken("[BOTH]", lstrip=True, rstrip=True, normalized=False, special=True),
]


def as_json(token: AddedToken) -> dict:
    return {key: getattr(token, key) for key in ("content", "lstrip", "normalized", "rstrip", "single_word", "special")}


def decoder_of(tokens: list[AddedToken], first_id: int) -> dict:
    return {str(first_id + i): as_json(token) for i, token in enumerate(tokens)}


def write_config(folder: Path, **config) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1, ensure_ascii=False) + "\n")


def make_sentencepiece(folder: Path, vocab_size: int, config: dict, tokens: list[AddedToken], **training) -> None:
    text = folder / "text.txt"
    text.write_text(TEXT)
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(folder / "tokenizer"), vocab_size=vocab_size, minloglevel=2, **training)
    text.unlink()
    (folder / "tokenizer.vocab").unlink()
    write_config(folder, tokenizer_class="LlamaTokenizer", added_tokens_decoder=decoder_of(tokens, vocab_size), **config)


def train_byte_level(pre_tokenizer, normalizer=None, **model) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(**model))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=480, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False)
    tokenizer.train_from_iterator([TEXT], trainer)
    return tokenizer


def make_gpt2(folder: Path) -> None:
    tokenizer = train_byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False))
    vocab = tokenizer.get_vocab()
    vocab["<|endoftext|>"] = len(vocab)
    tokenizer.model.save(str(folder))
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "config.json").write_text('{"model_type": "gpt2"}\n')


def make_qwen2(folder: Path) -> None:
    tokenizer = train_byte_level(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.NFC())
    tokenizer.model.save(str(folder))
    chat = [AddedToken(text, normalized=False, special=True) for text in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    write_config(folder, tokenizer_class="Qwen2Tokenizer", bos_token=None, eos_token="<|im_end|>", pad_token="<|endoftext|>", unk_token=None,
                 additional_special_tokens=["<|im_start|>", "<|im_end|>"], add_prefix_space=False,
                 added_tokens_decoder=decoder_of(chat + FLAGGED, tokenizer.get_vocab_size()))


def make_llama3(folder: Path) -> None:
    words = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    steps = [pre_tokenizers.Split(Regex(words), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    tokenizer = train_byte_level(pre_tokenizers.Sequence(steps))
    model = json.loads(tokenizer.to_str())
    # What no merge makes: only `ignore_merges` finds it.
    model["model"]["vocab"]["Ġballasts"] = len(model["model"]["vocab"])
    model["model"]["ignore_merges"] = True
    tokenizer = Tokenizer.from_str(json.dumps(model))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, normalized=False) for text in ("<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>")])
    tokenizer.add_tokens(FLAGGED)
    bos = ("<|begin_of_text|>", tokenizer.token_to_id("<|begin_of_text|>"))
    template = processors.TemplateProcessing(single=f"{bos[0]} $A", pair=f"{bos[0]} $A {bos[0]}:1 $B:1", special_tokens=[bos])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    tokenizer.save(str(folder / "tokenizer.json"))
    write_config(folder, tokenizer_class="PreTrainedTokenizerFast", bos_token=bos[0], eos_token="<|eot_id|>", clean_up_tokenization_spaces=True)


def reference_of(folder: Path):
    kind = LlamaTokenizer if (folder / "tokenizer.model").exists() else AutoTokenizer
    return kind.from_pretrained(folder)


def cases_of(folder: Path) -> dict:
    tokenizer = reference_of(folder)
    encoded = []
    for given in TEXTS + NOT_UTF8:
        text = given if isinstance(given, str) else given.decode("utf-8", errors="replace")
        key, value = ("text", given) if isinstance(given, str) else ("hex", given.hex())
        encoded.append({key: value, "ids": tokenizer.encode(text)})
    draw = random.Random(0)
    samples = [case["ids"] for case in encoded]
    special = sorted(tokenizer.added_tokens_decoder)
    for _ in range(60):
        samples.append([draw.choice(special) if draw.random() < 0.2 else draw.randrange(len(tokenizer)) for _ in range(draw.randrange(1, 12))])
    decoded = [{"ids": ids, "text": tokenizer.decode(ids, skip_special_tokens=True)} for ids in samples]
    special = {name: getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad", "unk")}
    return {"encode": encoded, "decode": decoded, "special": special}


def dump(path: Path, cases: dict) -> None:
    parts = ",\n".join(f'"{key}": [\n' + ",\n".join(json.dumps(case) for case in value) + "\n]" if isinstance(value, list)
                       else f'"{key}": {json.dumps(value)}' for key, value in cases.items())
    path.write_text("{\n" + parts + "\n}\n")


def released_cases() -> None:
    folders = {"stories260K-hf": "models/stories260K-hf", "mistral": "tokenizers/mistral", "qwen2": "tokenizers/qwen2", "gpt2": "tokenizers/gpt2"}
    if not RELEASED.exists():
        return
    cases = {}
    for name, folder in folders.items():
        with tempfile.TemporaryDirectory() as place:
            copy = Path(place) / "copy"
            shutil.copytree(RELEASED / folder, copy)
            if name == "gpt2":
                write_config(copy, tokenizer_class="GPT2Tokenizer")
            tokenizer = reference_of(copy)
            cases[name] = [{"text": text, "ids": tokenizer.encode(text)} for text in TEXTS]
    dump(HERE / "released.json", cases)


def main() -> None:
    makers = {
        "sentencepiece-bpe": lambda folder: make_sentencepiece(
            folder, 700, {"pad_token": "[BOTH]"}, FLAGGED, model_type="bpe", byte_fallback=True, normalization_rule_name="identity",
            remove_extra_whitespaces=False, character_coverage=0.98, split_digits=True),
        "sentencepiece-unigram": lambda folder: make_sentencepiece(
            folder, 140, {"legacy": False, "add_eos_token": True}, FLAGGED, model_type="unigram", normalization_rule_name="identity",
            character_coverage=0.98),
        "gpt2": make_gpt2,
        "qwen2": make_qwen2,
        "llama3": make_llama3,
    }
    for name, make in makers.items():
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
        dump(folder / "cases.json", cases_of(folder))
    released_cases()


if __name__ == "__main__":
    main()
