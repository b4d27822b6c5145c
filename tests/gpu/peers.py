"""What others need for the work of `ballast bench` on a Llama of 1.1B in bfloat16, random weights, on one GPU: transformers'
generate with forced lengths, and a training step of plain PyTorch (transformers' model, fused AdamW on float32 masters).

Usage: peers.py OUT.json    needs torch for CUDA and transformers
"""
import json
import statistics
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPE = dict(vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
             num_key_value_heads=4, max_position_embeddings=2048)
REPEATS = 5


def timed(work):
    """Median seconds of REPEATS runs after one that does not count."""
    seconds = []
    for _ in range(REPEATS + 1):
        torch.cuda.synchronize()
        begin = time.perf_counter()
        work()
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds[1:])


def new_model(dtype):
    torch.manual_seed(1)
    config = LlamaConfig(**SHAPE, attn_implementation="sdpa")
    return LlamaForCausalLM(config).to(device="cuda", dtype=dtype)


def generate(batch, prompt, new):
    model = new_model(torch.bfloat16).eval()
    tokens = torch.randint(3, SHAPE["vocab_size"], (batch, prompt), device="cuda")
    options = dict(do_sample=True, top_k=0, min_new_tokens=new, max_new_tokens=new, pad_token_id=0)
    with torch.inference_mode():
        seconds = timed(lambda: model.generate(tokens, attention_mask=torch.ones_like(tokens), **options))
    return {"seconds_median": seconds, "tokens_per_second": batch * new / seconds}


def train_step(rows, length):
    model = new_model(torch.float32).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    tokens = torch.randint(3, SHAPE["vocab_size"], (rows, length), device="cuda")

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=torch.bfloat16):
            logits = model(tokens, use_cache=False).logits[:, :-1].flatten(0, 1)
            loss = torch.nn.functional.cross_entropy(logits, tokens[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    seconds = timed(step)
    return {"seconds_median": seconds, "tokens_per_second": rows * length / seconds}


def main():
    peers = {"torch": torch.__version__, "gpu": torch.cuda.get_device_name(0), "generate": generate(64, 256, 256)}
    torch.cuda.empty_cache()
    peers["train"] = train_step(8, 1024)
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(peers, file, indent=2)
    print(json.dumps(peers, indent=2))


if __name__ == "__main__":
    main()
