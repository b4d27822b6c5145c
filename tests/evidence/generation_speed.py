"""Usage: generation_speed.py BALLAST [MODEL ...]. Tokens/s, minimum and median of five runs in turn: 64 new tokens after 16,
sampled at temperature 1, one thread. Besides the given models: a random Llama of 1M parameters. Loading is not counted."""
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import torch
import transformers

REPETITIONS, PROMPT, NEW = 5, 16, 64


def random_model(folder):
    torch.manual_seed(1)
    config = transformers.LlamaConfig(vocab_size=2048, hidden_size=128, intermediate_size=352, num_hidden_layers=4,
                                      num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=512)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def ballast_speed(ballast, model, prompts, batch, folder):
    rows = folder / "prompts.jsonl"
    rows.write_text("".join(json.dumps({"input_ids": ids}) + "\n" for ids in prompts.tolist()))
    out = subprocess.run([ballast, "generate", "--model", model, "--prompts", rows, "--out", folder / "out.jsonl", "--threads", "1",
                          "--batch", str(batch), "--min-new-tokens", str(NEW), "--max-new-tokens", str(NEW)],
                         capture_output=True, text=True, check=True)
    return float(re.search(r"([\d.]+) tokens/s", out.stdout)[1])


def transformers_speed(model, prompts):
    begin = time.perf_counter()
    out = model.generate(prompts, attention_mask=torch.ones_like(prompts), do_sample=True, top_k=0, min_new_tokens=NEW,
                         max_new_tokens=NEW, pad_token_id=0)
    return (out.numel() - prompts.numel()) / (time.perf_counter() - begin)


def compare(ballast, folder, path):
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    for count in (16, 64):
        prompts = torch.randint(3, model.config.vocab_size, (count, PROMPT), generator=torch.Generator().manual_seed(1))
        contestants = {f"ballast --batch {batch}": lambda batch=batch: ballast_speed(ballast, path, prompts, batch, folder)
                       for batch in sorted({16, count})}
        contestants["transformers"] = lambda: transformers_speed(model, prompts)
        speeds = {name: [] for name in contestants}
        for _ in range(REPETITIONS):
            for name, run in contestants.items():
                speeds[name].append(run())
        for name, found in speeds.items():
            print(f"{pathlib.Path(path).name}, {count} prompts, {name}: minimum {min(found):.0f}, "
                  f"median {statistics.median(found):.0f} tokens/s", flush=True)


def main():
    torch.set_num_threads(1)
    ballast, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for path in [random_model(folder / "random-1M"), *models]:
            compare(ballast, folder, path)


if __name__ == "__main__":
    main()
