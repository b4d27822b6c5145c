"""One training step (forward, backward, clipping, AdamW) of a random Llama: ballast against transformers in float32 with the fused
AdamW of torch.

Usage: training_speed.py TRAINING_SPEED [THREADS]. Shapes S and M, 16 sequences of 192 tokens. Both sides run in turns and the first
steps of each turn do not count. CPU time on one thread, which is the time of an idle machine whatever else runs, else wall time.
"""
import statistics
import subprocess
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SHAPES = {
    "S": dict(vocab_size=8192, hidden_size=256, intermediate_size=1024, num_hidden_layers=4, num_attention_heads=4,
              num_key_value_heads=4),
    "M": dict(vocab_size=32000, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
              num_key_value_heads=4),
}
SEQUENCES, LENGTH = 16, 192
TURNS, WARM_UP = 3, 2
STEPS = {"S": 4, "M": 2}


def transformers_steps(shape, threads, steps):
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(**SHAPES[shape], max_position_embeddings=LENGTH))
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-6, betas=(0.9, 0.95), fused=True)
    tokens = torch.randint(0, SHAPES[shape]["vocab_size"], (SEQUENCES, LENGTH))
    clock = time.process_time if threads == 1 else time.perf_counter
    for _ in range(steps):
        begin = clock()
        optimizer.zero_grad()
        logits = model(tokens, use_cache=False).logits[:, :-1].flatten(0, 1)
        torch.nn.functional.cross_entropy(logits, tokens[:, 1:].flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        yield 1e3 * (clock() - begin)


def ballast_steps(program, shape, dtype, threads, steps):
    case = map(str, (shape, dtype, threads, steps))
    output = subprocess.run([program, *case], check=True, capture_output=True, text=True).stdout
    return [float(line.split()[0 if threads == 1 else 1]) for line in output.splitlines()]


def main():
    program, threads = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_num_threads(threads)
    print(f"{threads} thread(s)\n{'shape':5} {'':22} {'fastest ms':>10} {'median ms':>10} {'tokens/s':>9} {'times the peer':>14}")
    for shape in SHAPES:
        took = {"transformers float32": [], "ballast float32": [], "ballast bfloat16": []}
        for _ in range(TURNS):
            steps = WARM_UP + STEPS[shape]
            took["transformers float32"] += list(transformers_steps(shape, threads, steps))[WARM_UP:]
            for dtype in ("float32", "bfloat16"):
                took[f"ballast {dtype}"] += ballast_steps(program, shape, dtype, threads, steps)[WARM_UP:]
        peer = statistics.median(took["transformers float32"])
        for name, times in took.items():
            median = statistics.median(times)
            print(f"{shape:5} {name:22} {min(times):10.1f} {median:10.1f} {1e3 * SEQUENCES * LENGTH / median:9.0f} {peer / median:14.2f}",
                  flush=True)


if __name__ == "__main__":
    main()
