"""Tokens per second of training (forward, backward, AdamW) on one thread: ballast against transformers.

Usage: training_speed.py TRAINING_SPEED. A Llama on 16 sequences of 64 tokens; CPU time, which on one thread is the time of an
idle machine whatever else runs. Both sides run in turns; the first two steps of each turn do not count.
"""
import subprocess
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

TOKENS = 16 * 64
TURNS = 3
WARM_UP = 2


def transformers_steps(hidden, layers, dtype, steps):
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=2048, hidden_size=hidden, intermediate_size=3 * hidden,
                                         num_hidden_layers=layers, num_attention_heads=hidden // 32,
                                         num_key_value_heads=hidden // 64, max_position_embeddings=64))
    model.to(getattr(torch, dtype))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-6, betas=(0.9, 0.95), fused=True)
    tokens = torch.randint(0, 2048, (16, 64))
    for _ in range(steps):
        begin = time.process_time()
        optimizer.zero_grad(set_to_none=False)
        logits = model(tokens, use_cache=False).logits[:, :-1].flatten(0, 1)
        torch.nn.functional.cross_entropy(logits.float(), tokens[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        yield 1e3 * (time.process_time() - begin)


def ballast_steps(program, *case):
    output = subprocess.run([program, *map(str, case)], check=True, capture_output=True, text=True).stdout
    return [float(line) for line in output.split()]


def main():
    program = sys.argv[1]
    torch.set_num_threads(1)
    print(f"{'hidden':>6} {'layers':>6} {'dtype':9} {'':12} {'fastest ms':>10} {'median ms':>10} {'tokens/s (median)':>18}")
    for hidden, layers, steps in ((128, 4, 20), (512, 8, 5)):
        for dtype in ("float32", "bfloat16"):
            took = {"transformers": [], "ballast": []}
            for _ in range(TURNS):
                case = (hidden, layers, dtype, WARM_UP + steps)
                took["transformers"] += list(transformers_steps(*case))[WARM_UP:]
                took["ballast"] += ballast_steps(program, *case)[WARM_UP:]
            for name, times in took.items():
                times.sort()
                median = times[len(times) // 2]
                print(f"{hidden:6} {layers:6} {dtype:9} {name:12} {times[0]:10.1f} {median:10.1f} {1e3 * TOKENS / median:18.0f}",
                      flush=True)


if __name__ == "__main__":
    main()
