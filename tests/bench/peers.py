"""ballast beside transformers and ctranslate2: generation, training step, whole iteration. See peers.sh.

Usage: peers.py BALLAST [--quick]

All contestants work on the same checkpoints with random weights, batch 16, prompts of 64 tokens and 128 new ones, as many for
every row; they take turns, and the median of their turns counts. The peer is the faster of the two others, sampled, in
float32, on one thread. What the reference implementation needs for an iteration was measured once, on a core whose float32
product runs at 205 GFLOP/s, and is scaled by that of this run.
"""
import functools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import ctranslate2
import tokenizers
import torch
import transformers

BATCH, PROMPT, NEW = 16, 64, 128
SHAPES = {
    "S": dict(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, intermediate_size=1024,
              vocab_size=8192),
    "M": dict(hidden_size=512, num_hidden_layers=8, num_attention_heads=8, num_key_value_heads=4, intermediate_size=1408,
              vocab_size=32000),
}
DTYPES = ("float32", "bfloat16")
REFERENCE_ITERATION = {"S": 5.8, "M": 31.8}  # seconds
REFERENCE_PRODUCT = 205e9  # FLOP/s of the core that these were measured on
# What is asked for: must, goal. Speed over the peer's; of an iteration, time over the other's.
GENERATION = {"float32": (1.0, 1.25), "bfloat16": (1.75, 2.5)}
TRAINING = {"float32": (1.1, 1.2), "bfloat16": (2.0, 2.5)}
ITERATION = {"float32": (0.65, 0.5), "bfloat16": (0.35, 0.25)}
SIX_RANKS = (1.4, 1.25)


def make_checkpoint(folder, shape):
    """A Llama with random weights; beside it the same for ctranslate2, whose converter asks for a tokenizer."""
    torch.manual_seed(1)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(max_position_embeddings=256, **SHAPES[shape]))
    path = folder / shape
    model.save_pretrained(path)
    with_tokenizer = folder / f"{shape}-source"
    with_tokenizer.mkdir()
    for file in path.iterdir():
        (with_tokenizer / file.name).symlink_to(file)
    words = tokenizers.models.WordLevel({f"t{i}": i for i in range(model.config.vocab_size)}, unk_token="t0")
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer(words), unk_token="t0", bos_token="t1",
                                         eos_token="t2").save_pretrained(with_tokenizer)
    ctranslate2.converters.TransformersConverter(str(with_tokenizer)).convert(str(folder / f"{shape}-ct2"))


class Contest:
    def __init__(self, ballast, folder, turns):
        self.ballast, self.folder, self.turns = ballast, folder, turns
        self.product = []  # float32 FLOP/s of one core, as ballast measured them in passing

    def bench(self, verb, *arguments):
        """The results of one `ballast bench`."""
        report = self.folder / "bench.json"
        command = [self.ballast, "bench", verb, "--json", report, "--batch", BATCH, "--prompt", PROMPT, "--new", NEW, *arguments]
        subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
        return json.loads(report.read_text())["results"]

    def take_turns(self, contestants):
        """name -> function that measures once; the medians."""
        found = {name: [] for name in contestants}
        for _ in range(self.turns):
            for name, measure in contestants.items():
                found[name].append(measure())
        return {name: statistics.median(values) for name, values in found.items()}

    @functools.cache
    def prompts(self, vocab):
        return torch.randint(3, vocab, (BATCH, PROMPT), generator=torch.Generator().manual_seed(1))

    @functools.lru_cache(maxsize=2)
    def model(self, shape, dtype):
        return transformers.AutoModelForCausalLM.from_pretrained(self.folder / shape, dtype=getattr(torch, dtype)).eval()

    @functools.lru_cache(maxsize=2)
    def translator(self, shape, dtype, threads):
        return ctranslate2.Generator(str(self.folder / f"{shape}-ct2"), compute_type=dtype, intra_threads=threads)


def transformers_generate(contest, shape, dtype, threads, sampled):
    """Token ids [BATCH, NEW]."""
    torch.set_num_threads(threads)
    model = contest.model(shape, dtype)
    prompts = contest.prompts(model.config.vocab_size)
    with torch.no_grad():
        sampling = {"do_sample": True, "top_k": 0} if sampled else {"do_sample": False}
        ids = model.generate(prompts, attention_mask=torch.ones_like(prompts), **sampling,
                             min_new_tokens=NEW, max_new_tokens=NEW, pad_token_id=0)
    return ids[:, PROMPT:]


def ctranslate2_generate(contest, shape, dtype, threads, sampled):
    prompts = contest.prompts(SHAPES[shape]["vocab_size"])
    words = [[f"t{i}" for i in row] for row in prompts.tolist()]
    results = contest.translator(shape, dtype, threads).generate_batch(
        words, min_length=NEW, max_length=NEW, sampling_topk=0 if sampled else 1, include_prompt_in_result=False,
        end_token=[])
    return torch.tensor([result.sequences_ids[0] for result in results])


def tokens_per_second(generate, contest, case):
    begin = time.perf_counter()
    ids = generate(contest, *case)
    seconds = time.perf_counter() - begin
    assert ids.shape == (BATCH, NEW), ids.shape
    return BATCH * NEW / seconds


def ballast_tokens_per_second(contest, shape, dtype, threads, sampled):
    results = contest.bench("generate", "--model", contest.folder / shape, "--dtype", dtype, "--threads", threads,
                            "--temperature", int(sampled), "--repeats", 1)
    if dtype == "float32" and threads == 1:
        contest.product.append(results["limits"]["flops_per_second"])
    return next(work["tokens_per_second"] for work in results["works"] if work["name"] == "generate")


def same_greedy_ids(contest, shape):
    """Rows whose greedy ids are those of transformers, float32."""
    theirs = transformers_generate(contest, shape, "float32", 1, False).tolist()
    rows, out = contest.folder / "prompts.jsonl", contest.folder / "out.jsonl"
    prompts = contest.prompts(SHAPES[shape]["vocab_size"]).tolist()
    rows.write_text("".join(json.dumps({"input_ids": row}) + "\n" for row in prompts))
    subprocess.run([contest.ballast, "generate", "--model", contest.folder / shape, "--prompts", rows, "--out", out,
                    "--temperature", "0", "--min-new-tokens", str(NEW), "--max-new-tokens", str(NEW)],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ours = [json.loads(line)["output_ids"] for line in out.read_text().splitlines()]
    return sum(a == b for a, b in zip(ours, theirs, strict=True))


def verdict(ratio, must, goal, smaller_is_better=False):
    sign = -1 if smaller_is_better else 1
    if sign * ratio >= sign * goal:
        return "goal reached"
    return "must held" if sign * ratio >= sign * must else "MISSED"


def generation_speeds(contest, case):
    contestants = {"transformers": transformers_generate, "ctranslate2": ctranslate2_generate}
    if case[1] not in ctranslate2.get_supported_compute_types("cpu"):
        del contestants["ctranslate2"]  # bfloat16 on processors that it does not know
    for generate in contestants.values():
        generate(contest, *case)  # the first call takes memory
    turns = {name: functools.partial(tokens_per_second, generate, contest, case) for name, generate in contestants.items()}
    return contest.take_turns({"ballast": lambda: ballast_tokens_per_second(contest, *case), **turns})


def compare_generation(contest, shapes):
    print(f"\ngeneration, tokens/s (median of {contest.turns} turns)")
    print(f"{'':34}{'ballast':>10}{'transformers':>14}{'ctranslate2':>13}{'ratio':>8}{'must':>7}{'goal':>7}")
    for shape in shapes:
        peer = None
        for threads in (1, 2):
            for dtype in DTYPES:
                speeds = generation_speeds(contest, (shape, dtype, threads, True))
                peer = peer or max(speeds["transformers"], speeds["ctranslate2"])
                name = f"{shape} sampled {dtype} {threads} thread(s)"
                line = f"{name:34}{speeds['ballast']:10.0f}{speeds['transformers']:14.0f}{speeds.get('ctranslate2', math.nan):13.0f}"
                if threads == 1:
                    must, goal = GENERATION[dtype]
                    ratio = speeds["ballast"] / peer
                    line += f"{ratio:8.2f}{must:7.2f}{goal:7.2f}  {verdict(ratio, must, goal)}"
                print(line, flush=True)
        print(f"{shape}: {same_greedy_ids(contest, shape)} of {BATCH} rows have the greedy ids of transformers", flush=True)


def transformers_step(contest, shape, dtype):
    """A function that makes one optimizer step and returns its seconds."""
    torch.set_num_threads(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(contest.folder / shape, dtype=getattr(torch, dtype)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-6, betas=(0.9, 0.95), fused=True)
    tokens = torch.randint(3, model.config.vocab_size, (BATCH, PROMPT + NEW), generator=torch.Generator().manual_seed(2))

    def step():
        begin = time.perf_counter()
        model(tokens, labels=tokens, use_cache=False).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - begin

    step()  # makes the optimizer's state
    return step


def compare_training(contest, shapes):
    print(f"\ntrain step on {BATCH} x {PROMPT + NEW} tokens, one thread, seconds (median of {contest.turns} turns)")
    print(f"{'':34}{'ballast':>10}{'transformers':>14}{'':13}{'ratio':>8}{'must':>7}{'goal':>7}")
    for shape in shapes:
        theirs_float32 = None
        for dtype in DTYPES:
            arguments = ("--model", contest.folder / shape, "--dtype", dtype, "--repeats", 1)
            seconds = contest.take_turns({
                "ballast": lambda: contest.bench("train", *arguments)["works"][0]["seconds_median"],
                "transformers": transformers_step(contest, shape, dtype),
            })
            theirs_float32 = theirs_float32 or seconds["transformers"]
            must, goal = TRAINING[dtype]
            ratio = theirs_float32 / seconds["ballast"]
            print(f"{f'{shape} {dtype}':34}{seconds['ballast']:10.3f}{seconds['transformers']:14.3f}{'':13}{ratio:8.2f}"
                  f"{must:7.2f}{goal:7.2f}  {verdict(ratio, must, goal)}", flush=True)


def compare_iterations(contest, shapes):
    speed = statistics.median(contest.product)
    print(f"\nPPO-Lag iteration, one rank, one thread, seconds; the reference scaled to {speed / 1e9:.0f} GFLOP/s of a product")
    print(f"{'':34}{'ballast':>10}{'reference':>14}{'':13}{'ratio':>8}{'must':>7}{'goal':>7}")
    for shape in shapes:
        for dtype in DTYPES:
            repeats = contest.turns if shape == "S" else 1  # nothing is asked of M
            ours = contest.bench("iteration", "--model", contest.folder / shape, "--dtype", dtype, "--repeats",
                                 repeats)["seconds_median"]
            reference = REFERENCE_ITERATION[shape] * REFERENCE_PRODUCT / speed
            must, goal = ITERATION[dtype]
            line = f"{f'{shape} {dtype}':34}{ours:10.3f}{reference:14.3f}{'':13}{ours / reference:8.2f}"
            if shape == "S":
                line += f"{must:7.2f}{goal:7.2f}  {verdict(ours / reference, must, goal, smaller_is_better=True)}"
            print(line, flush=True)


def compare_ranks(contest):
    print(f"\nPPO-Lag iteration on S, 64 prompts in 4 micro-batches, float32, seconds (median of {contest.turns} turns)")
    arguments = ("--model", contest.folder / "S", "--micro-batches", 4, "--repeats", 1)
    seconds = contest.take_turns({
        "six": lambda: contest.bench("iteration", *arguments, "--ranks", 6)["seconds_median"],
        "one": lambda: contest.bench("iteration", *arguments, "--threads", 2)["seconds_median"],
    })
    ratio = seconds["six"] / seconds["one"]
    must, goal = SIX_RANKS
    print(f"6 ranks x 1 thread {seconds['six']:.3f}, 1 rank x 2 threads {seconds['one']:.3f}: {ratio:.2f} times; "
          f"must {must}, goal {goal}: {verdict(ratio, must, goal, smaller_is_better=True)}", flush=True)


def main():
    ballast = sys.argv[1]
    quick = "--quick" in sys.argv[2:]
    shapes = ["S"] if quick else ["S", "M"]
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    transformers.logging.set_verbosity_error()
    print(f"transformers {transformers.__version__}, ctranslate2 {ctranslate2.__version__}, torch {torch.__version__}")
    with tempfile.TemporaryDirectory() as name:
        contest = Contest(ballast, pathlib.Path(name), turns=1 if quick else 5)
        for shape in shapes:
            make_checkpoint(contest.folder, shape)
        compare_generation(contest, shapes)
        compare_training(contest, shapes)
        compare_iterations(contest, shapes)
        compare_ranks(contest)


if __name__ == "__main__":
    main()
